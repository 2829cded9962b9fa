"""A pod's life, sans IO: events and the clock in, commands out; `due_at` says when to come again.

Init containers one after the other, then the containers; sidecars (KEP-753) stop last. Times are monotonic seconds.
"""

from collections.abc import Iterator, Mapping, Sequence

from gatelab.kinds.pods import Container, ContainerStatus, Pod
from gatelab.node.pods.containers import ContainerRun, Role, Terms
from gatelab.node.pods.events import (
    Command,
    Delete,
    Ended,
    Event,
    Hooked,
    Note,
    NotStarted,
    Probed,
    Remove,
    Started,
)
from gatelab.node.pods.states import Waiting

DEADLINE_EXCEEDED = "DeadlineExceeded"
DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"


class PodLifecycle:
    """All containers of one pod.

    A pod of an earlier run of the lab starts anew and keeps its restart counts: its processes ended with that run.
    """

    def __init__(self, pod: Pod, address: str) -> None:
        self.address = address
        self._spec = pod.spec
        self._name = f"{pod.metadata.name}_{pod.metadata.namespace}({pod.metadata.uid})"
        self.inits = self._runs(pod.spec.init_containers, pod.status.init_container_statuses, is_init=True)
        self.mains = self._runs(pod.spec.containers, pod.status.container_statuses, is_init=False)
        self.containers: Mapping[str, ContainerRun] = {each.spec.name: each for each in (*self.inits, *self.mains)}
        self.is_initialized = not self.inits
        self.is_deadline_exceeded = False
        self._deadline: float | None = None
        self._is_ending = False
        self._is_deleted = False
        self._is_removed = False

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do; None when only an event can change anything."""
        times = [None if self._is_ending else self._deadline, *(each.due_at for each in self.containers.values())]
        return min((each for each in times if each is not None), default=None)

    @property
    def phase(self) -> str:
        """Pending until every container has run; then Running, until all have ended for good (kubelet's `getPhase`)."""
        if self._is_ending and all(each.is_down for each in self.containers.values()):
            is_good = all(each.is_completed for each in self.mains) and not self.is_deadline_exceeded
            return "Succeeded" if is_good else "Failed"
        waits = any(isinstance(each.state, Waiting) and each.last is None for each in self.mains)
        return "Pending" if waits or not self.is_initialized else "Running"

    def start(self, now: float, *, age_s: float = 0.0) -> list[Command]:
        """Starts what is first. `age_s`: since the pod's startTime, for activeDeadlineSeconds."""
        if self._spec.active_deadline_seconds is not None:
            self._deadline = now + max(0.0, self._spec.active_deadline_seconds - age_s)
        return list(self._go_on(now))

    def handle(self, event: Event, now: float) -> list[Command]:
        """What an event asks for."""
        return [*self._handle(event, now), *self._go_on(now)]

    def tick(self, now: float) -> list[Command]:
        """What has become due."""
        commands = [command for each in self.containers.values() for command in each.tick(now)]
        return [*commands, *self._go_on(now)]

    def _runs(
        self, specs: Sequence[Container], before: Sequence[ContainerStatus], *, is_init: bool
    ) -> tuple[ContainerRun, ...]:
        known = {each.name: each for each in before}
        return tuple(ContainerRun(each, self._terms(each, is_init=is_init), known.get(each.name)) for each in specs)

    def _terms(self, spec: Container, *, is_init: bool) -> Terms:
        role: Role = "main"
        policy = spec.restart_policy or self._spec.restart_policy
        if is_init and spec.restart_policy == "Always":
            role = "sidecar"
        elif is_init:
            role, policy = "init", "Never" if policy == "Never" else "OnFailure"
        waiting = "PodInitializing" if self._spec.init_containers else "ContainerCreating"
        return Terms(role, policy, self._name, self._spec.termination_grace_period_seconds, waiting)

    def _handle(self, event: Event, now: float) -> Iterator[Command]:
        match event:
            case Started(container):
                yield from self.containers[container].on_started(event, now)
            case NotStarted(container):
                yield from self.containers[container].on_not_started(event, now)
                yield from self.containers[container].tick(now)
            case Ended(container):
                yield from self.containers[container].on_ended(event, now)
                yield from self.containers[container].tick(now)
            case Probed(container):
                yield from self.containers[container].on_probed(event, now)
            case Hooked(container):
                yield from self.containers[container].on_hooked(event, now)
            case Delete(grace_s):
                self._is_deleted = True
                yield from self._end(grace_s, now)

    def _go_on(self, now: float) -> Iterator[Command]:
        """What follows from the state that all containers are in."""
        if not self._is_ending and self._deadline is not None and self._deadline <= now:
            self.is_deadline_exceeded = True
            yield Note(DEADLINE_EXCEEDED, DEADLINE_MESSAGE)
            yield from self._end(self._spec.termination_grace_period_seconds, now)
        if not self._is_ending and self._is_done():
            yield from self._end(self._spec.termination_grace_period_seconds, now)
        if self._is_ending:
            yield from self._wind_down(now)
        else:
            yield from self._start_next()

    def _is_done(self) -> bool:
        has_failed = any(each.is_settled and not each.is_completed for each in self.inits)
        return has_failed or all(each.is_settled for each in self.mains)

    def _start_next(self) -> Iterator[Command]:
        for each in self.inits:
            if each.was_started if each.role == "sidecar" else each.is_completed:
                continue
            if each.is_new:
                yield from each.launch()
            return
        self.is_initialized = True
        for each in self.mains:
            if each.is_new:
                yield from each.launch()
            if each.is_opening:
                return

    def _end(self, grace_s: float, now: float) -> Iterator[Command]:
        """Nothing is started any more; sidecars go when what they serve is gone, the last one first."""
        self._is_ending = True
        for each in (*self.mains, *reversed(self.inits)):
            yield from each.stop(grace_s, now, final=True, held=each.role == "sidecar")

    def _wind_down(self, now: float) -> Iterator[Command]:
        if all(each.is_down for each in self.containers.values() if each.role != "sidecar"):
            for each in reversed(self.inits):
                yield from each.release(now)
                if not each.is_down:
                    break
        if self._is_deleted and not self._is_removed and all(each.is_down for each in self.containers.values()):
            self._is_removed = True
            yield Remove()


def pids(lifecycle: PodLifecycle) -> Mapping[str, int]:
    """The process of each container that runs."""
    return {name: each.process.pid for name, each in lifecycle.containers.items() if each.process}
