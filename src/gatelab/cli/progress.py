"""Progress on stderr, cheap enough beside what it watches: one line rewritten on a terminal, else one now and then."""

import sys
from typing import TextIO

from gatelab.load import Progress

EVERY_S = 5.0
"""Seconds between lines where there is no terminal."""


class ProgressLine:
    """A callback for `LoadPlan.on_progress`."""

    def __init__(self, label: str = "", stream: TextIO | None = None) -> None:
        self._label = f"{label}: " if label else ""
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._next_s = EVERY_S

    def __call__(self, progress: Progress) -> None:
        self.show(progress.elapsed_s, self._label + progress_text(progress))

    def show(self, elapsed_s: float, text: str) -> None:
        """Shows a text now, or, where there is no terminal, if the last one is some seconds old."""
        if self._terminal:
            self._stream.write(f"\r\x1b[K{text}")
        elif elapsed_s < self._next_s:
            return
        else:
            self._next_s = elapsed_s + EVERY_S
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Takes the line away, so that a report can follow."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


class PathsProgress:
    """The same for an experiment, whose paths take turns: their calls together, once a second."""

    def __init__(self, total_s: float, line: ProgressLine) -> None:
        self._total_s = total_s
        self._line = line
        self._last: dict[str, Progress] = {}

    def __call__(self, path: str, progress: Progress) -> None:
        first = not self._last or path == next(iter(self._last))
        self._last[path] = progress
        if first:
            calls = sum(each.count for each in self._last.values())
            errors = sum(each.errors for each in self._last.values())
            at = f"{progress.elapsed_s:.0f} of {self._total_s:.0f} s"
            self._line.show(progress.elapsed_s, f"measuring: {at}, {calls} calls, {errors} errors")


def progress_text(progress: Progress) -> str:
    """`12 s  1200 calls  100.0/s  p50 3.02 ms  p99 4.01 ms  2 in flight`, and errors when there are any."""
    parts = [
        f"{progress.elapsed_s:.0f} s",
        f"{progress.count} calls",
        f"{progress.rps:.1f}/s",
        f"p50 {progress.p50_ns / 1e6:.2f} ms",
        f"p99 {progress.p99_ns / 1e6:.2f} ms",
        f"{progress.in_flight} in flight",
    ]
    if progress.errors:
        parts.append(f"{progress.errors} errors")
    return "  ".join(parts)
