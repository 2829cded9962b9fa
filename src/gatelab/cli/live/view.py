"""Lines that are redrawn in place on a terminal, by rich."""

import io
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gatelab.cli.live.pictures import Picture


class LiveView:
    """Without a thread of its own: it is drawn when it is told to, which is when no call is due to be read."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._live: Live | None = None
        # The first drawing imports and fills tables; that is not for the middle of a run.
        with Live(Text(" "), console=Console(file=io.StringIO(), force_terminal=True), auto_refresh=False):
            pass

    def show(self, picture: Picture) -> None:
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        width, height = self._console.size
        for number, line in enumerate(picture.lines(width, height - 1)):
            text.append("\n" if number else "")
            for part, style in line:
                text.append(part, style or None)
        if self._live is None:
            self._live = Live(
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._live.update(text, refresh=True)

    def stop(self) -> None:
        """Takes it away, and gives the cursor back."""
        if self._live is not None:
            self._live.stop()
            self._live = None
