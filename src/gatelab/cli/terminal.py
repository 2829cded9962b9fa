"""How wide a text may be: as the terminal that it goes to, and as its writer likes where it goes elsewhere."""

import shutil
import sys
from typing import TextIO

NARROWEST = 40
"""Below this nothing is fitted: the terminal breaks lines itself."""


def columns(stream: TextIO | None = None) -> int | None:
    """Of the terminal at the stream (stdout); None where it is none. $COLUMNS has the last word on a terminal."""
    stream = sys.stdout if stream is None else stream
    return max(NARROWEST, shutil.get_terminal_size().columns) if stream.isatty() else None
