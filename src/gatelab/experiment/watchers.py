"""Who is told what happens in an experiment."""

from collections.abc import Callable
from dataclasses import dataclass

from gatelab.load import Progress


@dataclass(frozen=True, slots=True)
class Watchers:
    """`progressed` gets a path's name, and how far its load is."""

    said: Callable[[str], None]
    progressed: Callable[[str, Progress], None]
