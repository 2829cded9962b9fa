"""One container's life: start, hooks, probes, stop, restart with back-off. No IO; times are monotonic seconds."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from signal import SIGTERM
from typing import Literal

from gatelab.kinds.pods import Container, ContainerStatus, LifecycleHandler
from gatelab.node.pods.backoff import BackOff, go_duration
from gatelab.node.pods.events import (
    Command,
    Ended,
    Hooked,
    HookKind,
    Note,
    NotStarted,
    Probed,
    ProbeKind,
    RunHook,
    SendProbe,
    Signal,
    Start,
    Started,
    Warn,
)
from gatelab.node.pods.probes import ProbeState
from gatelab.node.pods.pulls import ERROR as PULL_ERROR
from gatelab.node.pods.pulls import Pulls
from gatelab.node.pods.states import Running, State, Terminated, Waiting
from gatelab.node.pods.stopping import Stopping

RETRY_S = 1.0
"""Between looks at what keeps a container from starting: an image without a program, a missing ConfigMap."""

Role = Literal["init", "sidecar", "main"]
"""`sidecar`: an init container with restartPolicy Always (KEP-753)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a container has of its pod. `pod` is the kubelet's name for it, `name_namespace(uid)`."""

    role: Role
    restart_policy: str
    pod: str
    grace_s: float
    waiting: str


class ContainerRun:
    """A container of one pod. Methods yield commands; the caller exhausts them."""

    def __init__(self, spec: Container, terms: Terms, before: ContainerStatus | None) -> None:
        self.spec = spec
        self.role = terms.role
        self.state: State = Waiting(terms.waiting)
        self.process: Running | None = None
        self.last: Terminated | None = None
        self.restart_count = before.restart_count if before else 0
        self.is_new = True
        self.is_started = False
        self.is_ready = False
        self.was_started = False
        self._terms = terms
        self._is_starting = False
        self._start_at: float | None = None
        self._opens_at: float | None = None
        self._running_since = 0.0
        self._back_off = BackOff()
        self._pulls = Pulls(spec.name, spec.image)
        self._is_restart = False
        self._probes: dict[ProbeKind, ProbeState] = {}
        self._stopping: Stopping | None = None
        self._is_final = False

    @property
    def is_settled(self) -> bool:
        """Ended, and never started again."""
        return isinstance(self.state, Terminated) and self.is_down

    @property
    def is_down(self) -> bool:
        """Nothing of it runs or is about to."""
        return self.process is None and not self._is_starting and self._start_at is None

    @property
    def is_completed(self) -> bool:
        """Settled, and with success."""
        return self.is_settled and isinstance(self.state, Terminated) and self.state.exit_code == 0

    @property
    def is_opening(self) -> bool:
        """About to run, or its postStart is not over."""
        return self._is_starting or self._opens_at is not None

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do."""
        times = [self._start_at, self._opens_at, *(each.due_at for each in self._probes.values())]
        times.append(self._stopping.due_at if self._stopping else None)
        return min((each for each in times if each is not None and each < inf), default=None)

    def launch(self) -> Iterator[Command]:
        """Starts it."""
        self._start_at = None
        self.is_new = False
        self._is_starting = True
        yield Start(self.spec.name, self.restart_count)

    def on_started(self, event: Started, now: float) -> Iterator[Command]:
        self._is_starting = False
        self._pulls.forget()
        self.process = Running(event.pid, event.at)
        self._running_since = now
        hook = self._hook("postStart")
        if self._is_final:
            self.state = self.process
            self._stopping = Stopping(now, 0.0, held=False)
            yield from self.tick(now)
        elif hook is None:
            yield from self._open(now, eager=True)
        elif hook.sleep:
            self._opens_at = now + hook.sleep.seconds
        else:
            self._opens_at = inf
            yield RunHook(self.spec.name, "postStart", self.restart_count)

    def on_not_started(self, event: NotStarted, now: float) -> Iterator[Command]:
        self._is_starting = False
        before = self.state
        if event.reason == "StartError":
            self._end(Terminated(128, event.reason, event.message, event.at, event.at), now, ran_s=0.0)
        else:
            self._start_at = None if self._is_final else now + RETRY_S
        if event.reason == PULL_ERROR:
            self.state, said = self._pulls.failed(event.message, now)
            yield from said
            return
        if event.reason != "StartError":
            self.state = Waiting(event.reason, event.message) if event.message else Waiting(self._terms.waiting)
        if self.state != before and event.message:
            yield self._warn("Failed", f"Error: {event.message}")
        yield from self._warn_of_back_off()

    def on_ended(self, event: Ended, now: float) -> Iterator[Command]:
        assert self.process is not None, "only what runs ends"
        reason = "Completed" if event.exit_code == 0 else "Error"
        ended = Terminated(event.exit_code, reason, event.message, self.process.since, event.at, self.process.pid)
        self._end(ended, now, ran_s=now - self._running_since)
        yield from self._warn_of_back_off()

    def on_hooked(self, event: Hooked, now: float) -> Iterator[Command]:
        if event.attempt != self.restart_count or self.process is None:
            return
        if event.hook == "preStop":
            if not event.outcome.ok:
                yield self._warn("FailedPreStopHook", f"PreStopHook failed: {event.outcome.message}")
            if self._stopping:
                self._stopping.hook_ended(now)
            yield from self.tick(now)
        elif self._opens_at is not None and event.outcome.ok:
            self._opens_at = now
            yield from self.tick(now)
        elif self._opens_at is not None:
            yield self._warn("FailedPostStartHook", f"PostStartHook failed: {event.outcome.message}")
            yield from self._stop_because("FailedPostStartHook", self._terms.grace_s, now)

    def on_probed(self, event: Probed, now: float) -> Iterator[Command]:
        probe = self._probes.get(event.kind)
        if probe is None or event.attempt != self.restart_count or self.process is None:
            return
        verdict = probe.finish(event.outcome, now)
        if probe.message and not event.outcome.ok:
            yield self._warn("Unhealthy", f"{event.kind.capitalize()} probe failed: {probe.message}")
        if event.outcome.ok and event.outcome.message:
            yield self._warn("ProbeWarning", f"{event.kind.capitalize()} probe warning: {event.outcome.message}")
        if event.kind == "readiness":
            self.is_ready = verdict == "success" or (self.is_ready and verdict is None)
        elif event.kind == "startup" and verdict == "success":
            del self._probes["startup"]
            yield from self._pass_startup(now, eager=False)
        elif verdict == "failure":
            grace_s = probe.probe.termination_grace_period_seconds
            because = f"Container {self.spec.name} failed {event.kind} probe, will be restarted"
            yield from self._stop_because(because, self._terms.grace_s if grace_s is None else grace_s, now)

    def stop(self, grace_s: float, now: float, *, final: bool, held: bool = False) -> Iterator[Command]:
        """Stops it: preStop, SIGTERM, SIGKILL when the grace is over.

        `final`: it is not started again. `held`: SIGTERM waits for `release`.
        """
        if final:
            self._is_final = True
            self._start_at = None
        if self.process is None:
            return
        if self._stopping:
            self._stopping.shorten(now, grace_s)
        else:
            if final:
                yield self._note("Killing", f"Stopping container {self.spec.name}")
            yield from self._begin_to_stop(Stopping(now, grace_s, held=held), grace_s, now)
        yield from self.tick(now)

    def release(self, now: float) -> Iterator[Command]:
        """Everything that it served has ended: SIGTERM may come."""
        if self._stopping:
            self._stopping.release()
            yield from self.tick(now)

    def tick(self, now: float) -> Iterator[Command]:
        """Does what is due."""
        if self._stopping:
            for number in self._stopping.tick(now):
                yield Signal(self.spec.name, self._stop_signal if number == SIGTERM else number)
        if self._opens_at is not None and self._opens_at <= now:
            yield from self._open(now, eager=False)
        if self._start_at is not None and self._start_at <= now:
            yield from self._restart()
        for kind, probe in self._probes.items():
            if probe.due_at is not None and probe.due_at <= now:
                probe.begin()
                yield SendProbe(self.spec.name, kind, self.restart_count)

    @property
    def _stop_signal(self) -> int:
        """`lifecycle.stopSignal` in place of SIGTERM (KEP-4960)."""
        hooks = self.spec.lifecycle
        return getattr(signal, hooks.stop_signal, SIGTERM) if hooks else SIGTERM

    def _hook(self, which: HookKind) -> LifecycleHandler | None:
        hooks = self.spec.lifecycle
        if hooks is None:
            return None
        return hooks.post_start if which == "postStart" else hooks.pre_stop

    def _restart(self) -> Iterator[Command]:
        if self._is_restart:
            self._is_restart = False
            self.restart_count += 1
        yield from self.launch()

    def _open(self, now: float, *, eager: bool) -> Iterator[Command]:
        """It runs, and its postStart is over. `eager`: it has just been started."""
        assert self.process is not None, "only what runs is opened"
        self._opens_at = None
        self.state = self.process
        if self._stopping:
            return
        if self.spec.startup_probe:
            self._probes = {"startup": ProbeState(self.spec.startup_probe, now, eager=True)}
            yield from self.tick(now)
        else:
            yield from self._pass_startup(now, eager=eager)

    def _pass_startup(self, now: float, *, eager: bool) -> Iterator[Command]:
        self.is_started = self.was_started = True
        self.is_ready = self.spec.readiness_probe is None
        if self.spec.readiness_probe:
            self._probes["readiness"] = ProbeState(self.spec.readiness_probe, now, eager=eager)
        if self.spec.liveness_probe:
            self._probes["liveness"] = ProbeState(self.spec.liveness_probe, now, eager=False)
        yield from self.tick(now)

    def _stop_because(self, message: str, grace_s: float, now: float) -> Iterator[Command]:
        yield self._note("Killing", message)
        yield from self.stop(grace_s, now, final=False)

    def _begin_to_stop(self, stopping: Stopping, grace_s: float, now: float) -> Iterator[Command]:
        self._stopping = stopping
        self._probes = {kind: each for kind, each in self._probes.items() if kind == "readiness"}
        hook = self._hook("preStop") if grace_s > 0 else None
        if hook and hook.sleep:
            stopping.sleep(now + hook.sleep.seconds)
        elif hook:
            stopping.sleep(inf)
            yield RunHook(self.spec.name, "preStop", self.restart_count)

    def _end(self, ended: Terminated, now: float, *, ran_s: float) -> None:
        self.is_started = self.is_ready = False
        self.process = self._stopping = self._opens_at = None
        self._probes = {}
        self.state = ended
        if self._is_final or not self._is_restarted(ended.exit_code):
            self.is_ready = self.role == "init" and ended.exit_code == 0
            return
        self.last = ended
        delay_s = self._back_off.next_delay(ran_s=ran_s)
        self._start_at = now + delay_s
        self._is_restart = True
        if delay_s > 0:
            back_off = f"back-off {go_duration(delay_s)} restarting failed"
            self.state = Waiting("CrashLoopBackOff", f"{back_off} container={self.spec.name} pod={self._terms.pod}")

    def _warn_of_back_off(self) -> Iterator[Command]:
        if isinstance(self.state, Waiting) and self.state.reason == "CrashLoopBackOff":
            message = f"Back-off restarting failed container {self.spec.name} in pod {self._terms.pod}"
            yield self._warn("BackOff", message)

    def _is_restarted(self, exit_code: int) -> bool:
        if any(each.action == "Restart" and each.matches(exit_code) for each in self.spec.restart_policy_rules):
            return True
        policy = self._terms.restart_policy
        return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

    def _note(self, reason: str, message: str) -> Note:
        return Note(reason, message, self.spec.name)

    def _warn(self, reason: str, message: str) -> Warn:
        return Warn(reason, message, self.spec.name)
