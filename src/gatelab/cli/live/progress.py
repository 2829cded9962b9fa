"""What a run is doing, on stderr: a picture that is redrawn once a second on a terminal, elsewhere a line now and then.

It is drawn between two calls by the process that makes them, so it has to be cheap: once a second, styled text and no
tables, 0.7 ms for a run and 1.2 ms for an experiment with five pods. `NO_COLOR` takes the colours away; with
`TERM=dumb`, or where stderr is no terminal, there are lines.
"""

import os
import sys
from typing import TYPE_CHECKING, TextIO

from gatelab.cli.live.pictures import LoadPicture, PathsPicture, Picture
from gatelab.load import Progress

if TYPE_CHECKING:
    from gatelab.cli.live.view import LiveView

EVERY_S = 5.0
"""Seconds between lines where there is no terminal."""


class Display:
    """Shows pictures until it is cleared; what is shown after that begins anew."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._next_s = EVERY_S
        self._live = None if quiet or not _can_redraw(self._stream) else _live_view(self._stream)

    def show(self, elapsed_s: float, picture: Picture) -> None:
        """Shows a picture now or, where there is no terminal, its line if the last one is some seconds old."""
        if self._live is not None:
            self._live.show(picture)
        elif not self._quiet and elapsed_s >= self._next_s:
            self._next_s = elapsed_s + EVERY_S
            self._stream.write(f"{picture.line()}\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """A line that stays; it takes the picture away."""
        self.clear()
        if not self._quiet:
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def clear(self) -> None:
        """Takes the picture away, so that a report can follow."""
        if self._live is not None:
            self._live.stop()


class LoadProgress:
    """A callback for `LoadPlan.on_progress`. Of `duration_s` and `total`, 0 is none."""

    def __init__(self, display: Display, label: str = "", *, duration_s: float = 0, total: int = 0) -> None:
        self._display = display
        self._label = label
        self._duration_s = duration_s
        self._total = total

    def __call__(self, progress: Progress) -> None:
        self._display.show(progress.elapsed_s, LoadPicture(self._label, progress, self._duration_s, self._total))


class PathsProgress:
    """The same for an experiment, whose paths take turns: all of them together, once a second."""

    def __init__(self, total_s: float, display: Display) -> None:
        self._total_s = total_s
        self._display = display
        self._last: dict[str, Progress] = {}
        self._turns: dict[str, Progress] = {}

    def __call__(self, path: str, progress: Progress) -> None:
        first = not self._last or path == next(iter(self._last))
        self._last[path] = progress
        # A turn's figures stand until the next one; its last calls, which end a second later, do not replace them.
        if path not in self._turns or progress.rps >= self._turns[path].rps / 2:
            self._turns[path] = progress
        if first:
            self._display.show(progress.elapsed_s, PathsPicture(self._total_s, dict(self._last), dict(self._turns)))


def _can_redraw(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") not in (None, "", "dumb", "unknown")


def _live_view(stream: TextIO) -> "LiveView":
    # Before the run, which an import would hold up.
    from gatelab.cli.live.view import LiveView

    return LiveView(stream)
