"""Fixtures: a lab that runs, in a state folder of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from front_lab import front_lab
from running_lab import Lab, print_logs, start_lab, stop_lab


@pytest.fixture
def state_folder() -> Iterator[Path]:
    """Short, because Unix sockets have paths of at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gl-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def lab(state_folder: Path) -> Iterator[Lab]:
    running = start_lab(state_folder)
    try:
        yield running
    finally:
        stop_lab(running)
        print_logs(state_folder)


@pytest.fixture(scope="module")
def front() -> Iterator[Lab]:
    """A lab with a Gateway in front of two pairs of backends; one for all tests of a file."""
    with front_lab() as running:
        yield running


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with the example in it, for all tests of a file: they leave it as it was."""
    state = tmp_path_factory.mktemp("lab")
    lab = start_lab(state)
    try:
        lab.apply_example()
        yield lab
    finally:
        stop_lab(lab)
        print_logs(state)
