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
        text = self._label + progress_text(progress)
        if self._terminal:
            self._stream.write(f"\r\x1b[K{text}")
        elif progress.elapsed_s < self._next_s:
            return
        else:
            self._next_s = progress.elapsed_s + EVERY_S
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Takes the line away, so that a report can follow."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


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
