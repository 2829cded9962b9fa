"""The table of times that `-vv` ends with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_LEAST_S = 0.001


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

    def left(self, limit_s: float) -> float | None:
        """What is left of a limit in seconds that began with this part; None without one (0)."""
        passed_s = (time.monotonic_ns() - self._start_ns) / _NS_PER_S
        return max(_LEAST_S, limit_s - passed_s) if limit_s else None

    def lines(self, depth: int = 0) -> Iterator[str]:
        yield f"{'  ' * depth}{self._title}: {self._taken_ns / _NS_PER_MS:.6f}ms"
        for part in self._parts:
            yield from part.lines(depth + 1)
