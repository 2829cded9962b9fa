"""A pod's life, sans IO: events and the clock in, commands out; `due_at` says when to come again."""

from collections.abc import Iterator, Mapping

from gatelab.kinds.pods import Pod
from gatelab.node.pods.containers import ContainerRun, Running
from gatelab.node.pods.events import Command, Delete, Ended, Event, NotStarted, Probed, Remove, Started


class PodLifecycle:
    """All containers of one pod. Times are seconds of a monotonic clock.

    A pod of an earlier run of the lab starts anew and keeps its restart counts: its processes ended with that run.
    """

    def __init__(self, pod: Pod, address: str) -> None:
        self.address = address
        before = {each.name: each for each in pod.status.container_statuses}
        self.containers: Mapping[str, ContainerRun] = {
            each.name: ContainerRun(each, pod.spec.restart_policy, before.get(each.name))
            for each in pod.spec.containers
        }
        self._is_deleted = False
        self._is_removed = False

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do; None when only an event can change anything."""
        times = [each.due_at for each in self.containers.values()]
        return min((each for each in times if each is not None), default=None)

    @property
    def is_settled(self) -> bool:
        """Succeeded or failed: every container ended and none is started again."""
        return all(each.is_settled for each in self.containers.values())

    def start(self) -> list[Command]:
        """Starts every container."""
        return [command for each in self.containers.values() for command in each.launch()]

    def handle(self, event: Event, now: float) -> list[Command]:
        """What an event asks for."""
        return [*self._handle(event, now), *self._removal()]

    def tick(self, now: float) -> list[Command]:
        """What has become due."""
        commands = [command for each in self.containers.values() for command in each.tick(now)]
        return [*commands, *self._removal()]

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
            case Delete(grace_s):
                self._is_deleted = True
                for each in self.containers.values():
                    yield from each.stop(grace_s, now, final=True)

    def _removal(self) -> Iterator[Command]:
        if self._is_deleted and not self._is_removed and all(each.is_down for each in self.containers.values()):
            self._is_removed = True
            yield Remove()


def pids(lifecycle: PodLifecycle) -> Mapping[str, int]:
    """The process of each container that runs."""
    return {name: each.state.pid for name, each in lifecycle.containers.items() if isinstance(each.state, Running)}
