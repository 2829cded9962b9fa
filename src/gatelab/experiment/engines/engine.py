"""What an experiment asks of whatever makes its load."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gatelab.experiment.backends import Backends
from gatelab.experiment.file import Experiment
from gatelab.experiment.place import Place
from gatelab.experiment.report import Event
from gatelab.experiment.smoke import Request
from gatelab.experiment.turns import ORDER, Turns
from gatelab.experiment.watchers import Watchers
from gatelab.load import LoadResult

CALL_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0
LATE_S = 1.0
"""What a machine that stalls at the end may take longer; calls still unsent then are in the report."""
WHAT = {"direct": "the pods", "l4": "the Service's address", "l7": "the target"}
"""What each path connects to, for people."""
UNNAMED = "the responses do not name the pod (x-pod-name)"


@dataclass(frozen=True, slots=True)
class LoadTask:
    """The same load on each of `paths`."""

    experiment: Experiment
    request: Request
    place: Place
    backends: Backends
    paths: tuple[str, ...] = ORDER

    def address(self, path: str) -> tuple[str, int]:
        """Where a path leads; the direct one to each pod, of which this is the first."""
        pod = self.backends.pods[0]
        l7 = (self.place.address, self.place.port(self.experiment.target_address[1]))
        return {"direct": (pod.address, pod.port), "l4": self.backends.service, "l7": l7}[path]


@dataclass(frozen=True, slots=True)
class PathLoad:
    """What was found on one path. Of an engine that cannot tell response times, pods or connections, `result` has none.

    `unnamed` says why, where it has no pods. `called` are calls by address, of an engine that tells no connections.
    """

    result: LoadResult
    unnamed: str = UNNAMED
    called: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def by_address(self) -> Mapping[tuple[str, int], int]:
        """Calls by the address that was connected to."""
        found = dict(self.called)
        for each in self.result.connections:
            found[each.target] = found.get(each.target, 0) + each.count
        return found


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found by path, and when each had its turns."""

    paths: Mapping[str, PathLoad]
    turns: tuple[Event, ...]


class Engine(Protocol):
    """Makes the load of one measurement."""

    def turns(self, duration_s: float, paths: tuple[str, ...] = ORDER) -> Turns:
        """How the paths share the time, as planned."""

    async def measure(
        self,
        task: LoadTask,
        watchers: Watchers,
        between: Callable[[], Awaitable[None]] | None,
        stop: asyncio.Event,
    ) -> Loaded:
        """`between` is awaited where it keeps no call waiting; `stop` ends all paths early, with what there is.

        Raises CouldNotRun naming the path that cannot be reached, or what the engine lacks.
        """
