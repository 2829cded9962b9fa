"""When each path of an experiment has the load: in turns, so that what else a machine does hits all alike. Pure."""

import math
from dataclasses import dataclass

from gatelab.experiment.report import Event

ORDER = ("direct", "l4", "l7")
SLICE_S = 1.0
"""The longest turn."""
GAP_S = 0.03
"""Between turns, for the last calls of one to end before the next begins."""


@dataclass(frozen=True, slots=True)
class Turns:
    """When each path has its turn: `slice_s` long, `rounds` times."""

    rounds: int
    slice_s: float
    paths: tuple[str, ...] = ORDER

    @property
    def round_s(self) -> float:
        return len(self.paths) * (self.slice_s + GAP_S)

    @property
    def total_s(self) -> float:
        return self.rounds * self.round_s

    @classmethod
    def for_duration(cls, duration_s: float, paths: tuple[str, ...] = ORDER) -> "Turns":
        """Turns that give each path `duration_s` in all."""
        rounds = max(1, math.ceil(round(duration_s / SLICE_S, 6)))
        return cls(rounds, duration_s / rounds, paths)

    def first_s(self, path: str) -> float:
        """When a path's first turn begins."""
        return self.paths.index(path) * (self.slice_s + GAP_S)

    def events(self) -> tuple[Event, ...]:
        """The beginning of each turn."""
        begins = [
            (number * self.round_s + self.first_s(name), name) for number in range(self.rounds) for name in self.paths
        ]
        return tuple(Event(second=round(at_s, 3), what="turn", text=f"turn of {name}") for at_s, name in begins)
