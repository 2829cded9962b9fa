"""One container's life: start, probes, stop with grace, restart with back-off. No IO; times are monotonic seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from signal import SIGKILL, SIGTERM

from gatelab.kinds.pods import Container, ContainerStatus
from gatelab.node.pods.events import (
    Command,
    Ended,
    Note,
    NotStarted,
    Probed,
    ProbeKind,
    SendProbe,
    Signal,
    Start,
    Started,
    Warn,
)
from gatelab.node.pods.probes import ProbeState

BACK_OFF_S = 10.0
BACK_OFF_LIMIT_S = 300.0
BACK_OFF_FORGOTTEN_S = 600.0
"""A container that ran for this long is restarted as if for the first time."""
RETRY_S = 1.0
"""Between looks at what keeps a container from starting: an image without a program, a missing ConfigMap."""
_BACK_OFF = "CrashLoopBackOff"
LEAST_GRACE_S = 2.0
"""A program has this long after SIGTERM even when preStop took the whole grace period, as with the kubelet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Terminated:
    exit_code: int
    reason: str
    message: str
    started: datetime
    finished: datetime
    pid: int = 0


State = Waiting | Running | Terminated


class ContainerRun:
    """A container of one pod. Methods yield commands; the caller exhausts them."""

    def __init__(self, spec: Container, restart_policy: str, before: ContainerStatus | None) -> None:
        self.spec = spec
        self.state: State = Waiting("ContainerCreating")
        self.last: Terminated | None = None
        self.restart_count = before.restart_count if before else 0
        self.is_started = False
        self.is_ready = False
        self._policy = restart_policy
        self._starting = False
        self._start_at: float | None = None
        self._running_since = 0.0
        self._back_off_s = 0.0
        self._is_restart = False
        self._probes: dict[ProbeKind, ProbeState] = {}
        self._term_at: float | None = None
        self._kill_at: float | None = None
        self._is_stopping = False
        self._is_final = False

    @property
    def is_settled(self) -> bool:
        """Ended, and never started again."""
        return isinstance(self.state, Terminated) and self._start_at is None and not self._starting

    @property
    def is_down(self) -> bool:
        """Nothing of it runs or is about to."""
        return not isinstance(self.state, Running) and not self._starting and self._start_at is None

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do."""
        times = [self._start_at, self._term_at, self._kill_at, *(each.due_at for each in self._probes.values())]
        return min((each for each in times if each is not None), default=None)

    def launch(self) -> Iterator[Command]:
        """Starts it."""
        self._start_at = None
        self._starting = True
        yield Start(self.spec.name, self.restart_count)

    def on_started(self, event: Started, now: float) -> Iterator[Command]:
        self._starting = False
        self.state = Running(event.pid, event.at)
        self._running_since = now
        if self._is_final:
            yield Signal(self.spec.name, SIGKILL)
            return
        if self.spec.startup_probe:
            self._probes = {"startup": ProbeState(self.spec.startup_probe, now, eager=True)}
            yield from self._send_due(now)
        else:
            yield from self._pass_startup(now, eager=True)

    def on_not_started(self, event: NotStarted, now: float) -> Iterator[Command]:
        self._starting = False
        before = self.state
        if event.reason == "StartError":
            self._end(Terminated(128, event.reason, event.message, event.at, event.at), now, ran_s=0.0)
        else:
            self.state = Waiting(event.reason, event.message)
            self._start_at = None if self._is_final else now + RETRY_S
        if self.state != before:
            yield Warn("Failed", event.message)
        yield from self._warn_of_back_off()

    def on_ended(self, event: Ended, now: float) -> Iterator[Command]:
        assert isinstance(self.state, Running), "only what runs ends"
        reason = "Completed" if event.exit_code == 0 else "Error"
        ended = Terminated(event.exit_code, reason, event.message, self.state.since, event.at, self.state.pid)
        self._end(ended, now, ran_s=now - self._running_since)
        yield from self._warn_of_back_off()

    def on_probed(self, event: Probed, now: float) -> Iterator[Command]:
        probe = self._probes.get(event.kind)
        if probe is None or event.attempt != self.restart_count or not isinstance(self.state, Running):
            return
        verdict = probe.finish(event.outcome, now)
        if probe.message and not event.outcome.ok:
            yield Warn("Unhealthy", f"{event.kind.capitalize()} probe failed: {probe.message}")
        if event.kind == "readiness":
            self.is_ready = verdict == "success" or (self.is_ready and verdict is None)
        elif event.kind == "startup" and verdict == "success":
            del self._probes["startup"]
            yield from self._pass_startup(now, eager=False)
        elif verdict == "failure":
            yield from self._fail(event.kind, now)

    def stop(self, grace_s: float, now: float, *, final: bool) -> Iterator[Command]:
        """Stops it: preStop, SIGTERM, SIGKILL when the grace is over. `final`: it is not started again."""
        self._is_final = self._is_final or final
        if self._is_final:
            self._start_at = None
        if not isinstance(self.state, Running):
            return
        kill_at = now + grace_s
        if self._is_stopping:
            self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)
        else:
            self._is_stopping = True
            if final:
                yield Note("Killing", f"Stopping container {self.spec.name}")
            hook = self.spec.lifecycle.pre_stop if self.spec.lifecycle else None
            self._term_at = now + (min(hook.sleep.seconds, grace_s) if hook and hook.sleep else 0.0)
            self._kill_at = kill_at if grace_s <= 0 else max(kill_at, self._term_at + min(LEAST_GRACE_S, grace_s))
            self._probes = {kind: each for kind, each in self._probes.items() if kind == "readiness"}
        yield from self.tick(now)

    def tick(self, now: float) -> Iterator[Command]:
        """Does what is due."""
        if self._kill_at is not None and self._kill_at <= now:
            self._term_at = self._kill_at = None
            yield Signal(self.spec.name, SIGKILL)
        if self._term_at is not None and self._term_at <= now:
            self._term_at = None
            yield Signal(self.spec.name, SIGTERM)
        if self._start_at is not None and self._start_at <= now:
            yield from self._restart()
        yield from self._send_due(now)

    def _restart(self) -> Iterator[Command]:
        if self._is_restart:
            self._is_restart = False
            self.restart_count += 1
        yield from self.launch()

    def _pass_startup(self, now: float, *, eager: bool) -> Iterator[Command]:
        self.is_started = True
        self.is_ready = self.spec.readiness_probe is None
        if self.spec.readiness_probe:
            self._probes["readiness"] = ProbeState(self.spec.readiness_probe, now, eager=eager)
        if self.spec.liveness_probe:
            self._probes["liveness"] = ProbeState(self.spec.liveness_probe, now, eager=False)
        yield from self._send_due(now)

    def _send_due(self, now: float) -> Iterator[Command]:
        for kind, probe in self._probes.items():
            if probe.due_at is not None and probe.due_at <= now:
                probe.begin()
                yield SendProbe(self.spec.name, kind, self.restart_count)

    def _fail(self, kind: ProbeKind, now: float) -> Iterator[Command]:
        probe = self._probes[kind].probe
        yield Note("Killing", f"Container {self.spec.name} failed {kind} probe, will be restarted")
        grace_s = probe.termination_grace_period_seconds
        yield from self.stop(30.0 if grace_s is None else grace_s, now, final=False)

    def _end(self, ended: Terminated, now: float, *, ran_s: float) -> None:
        self.is_started = self.is_ready = self._is_stopping = False
        self._probes = {}
        self._term_at = self._kill_at = None
        self.state = ended
        if self._is_final or not self._is_restarted(ended.exit_code):
            return
        if ran_s >= BACK_OFF_FORGOTTEN_S:
            self._back_off_s = 0.0
        self.last = ended
        delay_s = self._back_off_s
        self._back_off_s = min(max(BACK_OFF_S, delay_s * 2), BACK_OFF_LIMIT_S)
        self._start_at = now + delay_s
        self._is_restart = True
        if delay_s > 0:
            message = f"back-off {delay_s:.0f}s restarting failed container={self.spec.name}"
            self.state = Waiting(_BACK_OFF, message)

    def _warn_of_back_off(self) -> Iterator[Command]:
        if isinstance(self.state, Waiting) and self.state.reason == _BACK_OFF:
            yield Warn("BackOff", f"Back-off restarting failed container {self.spec.name}")

    def _is_restarted(self, exit_code: int) -> bool:
        return self._policy == "Always" or (self._policy == "OnFailure" and exit_code != 0)
