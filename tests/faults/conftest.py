"""Fixtures: folders, and the check after each test that nobody else was disturbed."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faulty_lab import FaultyLab, faulty_lab


def _folder() -> Iterator[Path]:
    """Short, because Unix sockets have paths of at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gl-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


state_folder = pytest.fixture(_folder)
module_folder = pytest.fixture(scope="module")(_folder)


@pytest.fixture(scope="module")
def shared(module_folder: Path) -> Iterator[FaultyLab]:
    """One lab for all tests of a module: each leaves it as it found it."""
    with faulty_lab(module_folder) as running:
        yield running


@pytest.fixture
def scene(shared: FaultyLab) -> Iterator[FaultyLab]:
    """The shared lab; at the end nobody else was disturbed."""
    yield shared
    shared.caller.check()
