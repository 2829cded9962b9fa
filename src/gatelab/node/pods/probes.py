"""When a container is probed and what a row of results means: the kubelet's rules, with one of our own.

The kubelet probes once per period, so a program that listens after 80 ms is seen after a second. Here a failure within
the first period is not counted and is tried again after 25 ms, until the first success: a container is ready as soon as
it answers. A command is tried after 250 ms, for each costs a process. From then on everything is as in Kubernetes.
"""

from dataclasses import dataclass
from typing import Literal

from gatelab.kinds.pods import Probe

EAGER_S = 0.025
EAGER_EXEC_S = 0.25
"""Seconds between probes of a container that has just started."""

Verdict = Literal["success", "failure"]
"""What a probe has found for certain: as many results in a row as its threshold asks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer to one probe. `message` is shown when it failed."""

    ok: bool
    message: str = ""


class ProbeState:
    """One probe of one running container. Times are seconds of a monotonic clock."""

    def __init__(self, probe: Probe, started_at: float, *, eager: bool) -> None:
        """`eager`: the container may just have been started, so failures of the first period do not count."""
        self.probe = probe
        self.message = ""
        self._first_at = started_at + probe.initial_delay_seconds
        self._next_at: float | None = self._first_at
        self._eager = eager
        self._run = 0
        self._last_ok: bool | None = None

    @property
    def due_at(self) -> float | None:
        """When to probe; None while a probe is on its way."""
        return self._next_at

    def begin(self) -> None:
        """A probe was sent."""
        self._next_at = None

    def finish(self, outcome: Outcome, now: float) -> Verdict | None:
        """A probe was answered. A verdict when this result is the last of as many in a row as its threshold asks."""
        period = max(1, self.probe.period_seconds)
        if self._eager and not outcome.ok and now < self._first_at + period:
            self._next_at = now + (EAGER_EXEC_S if self.probe.exec else EAGER_S)
            return None
        self._eager = False
        self._next_at = now + period
        self._run = self._run + 1 if outcome.ok == self._last_ok else 1
        self._last_ok = outcome.ok
        self.message = "" if outcome.ok else outcome.message
        threshold = self.probe.success_threshold if outcome.ok else self.probe.failure_threshold
        if self._run < max(1, threshold):
            return None
        return "success" if outcome.ok else "failure"
