"""The task of one pod: feeds its `PodLifecycle` and does what it says."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from gatelab.kinds.objects import Object, key_of
from gatelab.kinds.pods import Pod
from gatelab.kinds.timestamps import from_rfc3339, utc_now
from gatelab.kinds.views import view
from gatelab.node.pods.actions import Actions
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
    RunHook,
    SendProbe,
    Signal,
    Start,
    Started,
    Warn,
)
from gatelab.node.pods.host import PodHost
from gatelab.node.pods.lifecycle import PodLifecycle, pids
from gatelab.node.pods.pod_writer import PodWriter
from gatelab.node.pods.programs import Programs
from gatelab.node.pods.status import pod_status
from gatelab.node.pods.unsupported import unsupported
from gatelab.node.pods.volumes.pod import PodVolumes

_VANISHED_GRACE_S = 2.0
"""For a pod whose object is gone already, by a forced deletion: nobody waits for it any more."""


class PodWorker:
    """One pod of this node, from its first start to its removal."""

    def __init__(self, pod: Object, address: str, host: PodHost) -> None:
        self.pod = view(Pod, pod)
        self.key = key_of(pod)
        self._host = host
        self._life = PodLifecycle(self.pod, address)
        self._containers = {each.name: each for each in (*self.pod.spec.init_containers, *self.pod.spec.containers)}
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._writer = PodWriter(pod, host.cluster, host.reports, self._status)
        self._volumes = PodVolumes(pod, address, host.volumes)
        self._programs = Programs(self.pod, address, host, self._volumes, self._events.put_nowait, self._writer.note)
        self._actions = Actions(address, host.keeper, self._programs)
        self._under_way: dict[str, set[asyncio.Task[None]]] = {name: set() for name in self._containers}
        self._seen_at = asyncio.get_running_loop().time()
        self._has_started = False
        self._is_removed = False
        self._has_vanished = False

    @property
    def pids(self) -> Mapping[str, int]:
        """The process of each running container."""
        return pids(self._life)

    @property
    def address(self) -> str:
        return self._life.address

    def update(self, pod: Object) -> None:
        """A newer state of the object."""
        self._writer.adopt(pod)
        self._volumes.update(pod)
        deleted = view(Pod, pod).metadata
        if deleted.deletion_timestamp is not None:
            grace_s = deleted.deletion_grace_period_seconds
            self._events.put_nowait(
                Delete(self.pod.spec.termination_grace_period_seconds if grace_s is None else grace_s)
            )

    def vanish(self) -> None:
        """The object is gone."""
        if not self._is_removed:
            self._has_vanished = True
            self._events.put_nowait(Delete(min(_VANISHED_GRACE_S, self.pod.spec.termination_grace_period_seconds)))

    def kill(self) -> None:
        """Ends its processes at once, when its task has failed."""
        self._programs.kill()

    async def run(self) -> None:
        """Until nothing of the pod is left, neither processes nor object."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._writer.run())
            self._obey([Warn("NotInThisLab", each) for each in unsupported(self.pod)], tasks)
            self._obey(self._life.start(asyncio.get_running_loop().time(), age_s=self._age_s()), tasks)
            while not self._is_removed:
                await self._step(tasks)
            writer.cancel()
        self._volumes.remove()
        self._programs.leave_network()
        if not self._has_vanished:
            await self._writer.remove()
        self._writer.report()

    def _age_s(self) -> float:
        started = self.pod.status.start_time
        return (utc_now() - from_rfc3339(started)).total_seconds() if started else 0.0

    def _status(self, pod: Object) -> dict[str, Any]:
        return pod_status(pod, self._life, node_address=self._host.node_address, now=utc_now())

    async def _step(self, tasks: asyncio.TaskGroup) -> None:
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout_at(self._life.due_at):
                event = await self._events.get()
        except TimeoutError:
            self._obey(self._life.tick(clock()), tasks)
            return
        if isinstance(event, Ended):
            for task in self._under_way[event.container]:
                task.cancel()
        self._obey(self._life.handle(event, clock()), tasks)
        self._measure(event, clock())

    def _measure(self, event: Event, now: float) -> None:
        if isinstance(event, NotStarted):
            self._host.meter.container_not_started(event.reason)
        if not isinstance(event, Started):
            return
        if not self._has_started and self.pids.keys() >= {each.name for each in self.pod.spec.containers}:
            self._has_started = True
            self._host.meter.pod_started(now - self._seen_at)

    def _obey(self, commands: list[Command], tasks: asyncio.TaskGroup) -> None:
        for command in commands:
            match command:
                case Start(container, attempt):
                    self._host.meter.container_started(attempt)
                    tasks.create_task(self._programs.start(self._containers[container], attempt))
                case Signal(container, number):
                    self._programs.signal(container, number)
                case SendProbe(container):
                    self._begin(container, self._probe(command), tasks)
                case RunHook(container):
                    self._begin(container, self._hook(command), tasks)
                case Note() | Warn():
                    self._writer.note(command)
                case Remove():
                    self._is_removed = True
        self._writer.change()

    def _begin(self, container: str, action: Coroutine[Any, Any, None], tasks: asyncio.TaskGroup) -> None:
        """An action of a container ends with the container at the latest."""
        under_way = self._under_way[container]
        task = tasks.create_task(action)
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def _probe(self, command: SendProbe) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        outcome = await self._actions.probe(self._containers[command.container], command.kind)
        self._host.meter.probed(command.kind, clock() - begun, succeeded=outcome.ok)
        self._events.put_nowait(Probed(command.container, command.kind, command.attempt, outcome))

    async def _hook(self, command: RunHook) -> None:
        outcome = await self._actions.hook(self._containers[command.container], command.hook)
        self._events.put_nowait(Hooked(command.container, command.hook, command.attempt, outcome))
