"""The table of times that `-vv` ends with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_NS_PER_MS = 1_000_000


class Timing:
    """A part of the work, and the parts of it; it runs from when it is made until `done`."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._start_ns = time.monotonic_ns()
        self._taken_ns = 0
        self._parts: list[Timing] = []

    @contextmanager
    def part(self, title: str) -> Iterator["Timing"]:
        child = Timing(title)
        self._parts.append(child)
        try:
            yield child
        finally:
            child.done()

    def done(self) -> None:
        self._taken_ns = time.monotonic_ns() - self._start_ns

    def lines(self, depth: int = 0) -> Iterator[str]:
        yield f"{'  ' * depth}{self._title}: {self._taken_ns / _NS_PER_MS:.6f}ms"
        for part in self._parts:
            yield from part.lines(depth + 1)
