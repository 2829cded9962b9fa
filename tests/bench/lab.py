"""A lab with the example applied, for the measurements that need one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running_lab import EXAMPLE, TARGET, Lab, start_lab, stop_lab

HELLO_CALL = ("--proto", str(EXAMPLE / "greetings.proto"), "--call", "greetings.GreetMe/Send")

__all__ = ["HELLO_CALL", "TARGET", "Lab", "example_lab"]


@contextmanager
def example_lab() -> Iterator[Lab]:
    """Five pods behind their Gateway."""
    state = Path(tempfile.mkdtemp(prefix="gl-"))
    lab = start_lab(state, "bench")
    try:
        lab.apply_example()
        yield lab
    finally:
        stop_lab(lab)
        shutil.rmtree(state, ignore_errors=True)
