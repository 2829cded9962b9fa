"""The task of one pod: feeds its `PodLifecycle`, does what it says, writes the Pod's status."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import chain, repeat
from typing import Literal

from gatelab.kinds.builtin import POD
from gatelab.kinds.errors import ApiError, Conflict, NotFound
from gatelab.kinds.objects import Object, key_of
from gatelab.kinds.pods import Container, Pod
from gatelab.kinds.timestamps import utc_now
from gatelab.kinds.views import view
from gatelab.node.errors import LabError
from gatelab.node.images import UnknownImage
from gatelab.node.keeper.client import Exited, Notice, Spawned, SpawnFailed
from gatelab.node.logs.files import pod_folder
from gatelab.node.logs.writer import LogWriter
from gatelab.node.pods.environment import ConfigError, Invocation, invocation, needed
from gatelab.node.pods.events import (
    Command,
    Delete,
    Ended,
    Event,
    Note,
    NotStarted,
    Probed,
    Remove,
    SendProbe,
    Signal,
    Start,
    Started,
    Warn,
)
from gatelab.node.pods.host import PodHost, host_environment
from gatelab.node.pods.lifecycle import PodLifecycle, pids
from gatelab.node.pods.status import pod_status
from gatelab.node.pods.unsupported import unsupported
from gatelab.node.probing import probe
from gatelab.node.taken_ports import taken_port_message

logger = logging.getLogger(__name__)

_VANISHED_GRACE_S = 2.0
"""For a pod whose object is gone already, by a forced deletion: nobody waits for it any more."""
_EARLY_EXIT_S = 10.0
_RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0)


class PodWorker:
    """One pod of this node, from its first start to its removal."""

    def __init__(self, pod: Object, address: str, host: PodHost) -> None:
        self._object = pod
        self._host = host
        self.pod = view(Pod, pod)
        self.key = key_of(pod)
        self._life = PodLifecycle(self.pod, address)
        self._containers = {each.name: each for each in self.pod.spec.containers}
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._logs: dict[str, LogWriter] = {}
        self._keeping: dict[str, str] = {}
        self._started: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._unreported: list[Note | Warn] = []
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
        self._adopt(pod)
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

    async def run(self) -> None:
        """Until nothing of the pod is left, neither processes nor object."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write_statuses())
            self._obey([Warn("NotInThisLab", each) for each in unsupported(self.pod)], tasks)
            self._obey(self._life.start(), tasks)
            while not self._is_removed:
                await self._step(tasks)
            writer.cancel()
        if not self._has_vanished:
            await self._persist(self._delete)
        self._report()

    async def _step(self, tasks: asyncio.TaskGroup) -> None:
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout_at(self._life.due_at):
                event = await self._events.get()
        except TimeoutError:
            self._obey(self._life.tick(clock()), tasks)
            return
        self._obey(self._life.handle(event, clock()), tasks)

    def _obey(self, commands: list[Command], tasks: asyncio.TaskGroup) -> None:
        for command in commands:
            match command:
                case Start(container, attempt):
                    tasks.create_task(self._start(self._containers[container], attempt))
                case Signal(container, number):
                    self._host.keeper.signal(self._keeping[container], number)
                case SendProbe():
                    tasks.create_task(self._probe(command))
                case Note() | Warn():
                    self._unreported.append(command)
                case Remove():
                    self._is_removed = True
        self._changed.set()

    async def _start(self, container: Container, attempt: int) -> None:
        try:
            program = await self._invocation(container)
        except (UnknownImage, LabError) as error:
            self._tell(NotStarted(container.name, "ErrImagePull", str(error), utc_now()))
        except (ConfigError, ApiError) as error:
            self._tell(NotStarted(container.name, "CreateContainerConfigError", str(error), utc_now()))
        else:
            self._spawn(container, attempt, program)

    async def _invocation(self, container: Container) -> Invocation:
        image = self._host.catalogue.find(container.image)
        values = await self._host.values(self.key.namespace, needed(container))
        host = host_environment()
        return invocation(self.pod, container, image, address=self.address, host=host, values=values)

    def _spawn(self, container: Container, attempt: int, program: Invocation) -> None:
        metadata = self.pod.metadata
        folder = pod_folder(self._host.log_folder, metadata.namespace, metadata.name, metadata.uid) / container.name
        log = LogWriter(folder, attempt, loop=asyncio.get_running_loop())
        self._logs[container.name] = log
        self._keeping[container.name] = f"{metadata.uid}/{container.name}/{attempt}"

        def on_notice(notice: Notice) -> None:
            self._on_notice(container, program, notice)

        self._host.keeper.spawn(
            self._keeping[container.name],
            program.argv,
            env=program.env,
            cwd=program.cwd,
            stdout=log.stdout,
            stderr=log.stderr,
            on_notice=on_notice,
        )
        log.started()

    def _on_notice(self, container: Container, program: Invocation, notice: Notice) -> None:
        match notice:
            case Spawned(pid):
                self._started[container.name] = time.monotonic()
                self._unreported += [
                    Note("Pulled", f'Container image "{container.image}" already present on machine'),
                    Note("Created", f"Created container: {container.name}"),
                    Note("Started", f"Started container {container.name}"),
                ]
                self._tell(Started(container.name, pid, utc_now()))
            case SpawnFailed(errno):
                self._logs.pop(container.name).ended()
                message = f'cannot start "{program.argv[0]}" in {program.cwd}: {os.strerror(errno)}'
                self._tell(NotStarted(container.name, "StartError", message, utc_now()))
            case Exited():
                self._logs.pop(container.name).ended()
                message = self._exit_message(container, notice.exit_code)
                self._tell(Ended(container.name, notice.exit_code, message, utc_now()))

    def _exit_message(self, container: Container, exit_code: int) -> str:
        is_early = time.monotonic() - self._started[container.name] < _EARLY_EXIT_S
        if exit_code == 0 or not is_early:
            return ""
        return taken_port_message(self.address, (each.container_port for each in container.ports))

    async def _probe(self, command: SendProbe) -> None:
        container = self._containers[command.container]
        specs = {
            "startup": container.startup_probe,
            "readiness": container.readiness_probe,
            "liveness": container.liveness_probe,
        }
        spec = specs[command.kind]
        assert spec is not None, "only probes of the spec are sent"
        outcome = await probe(container, spec, self.address)
        self._tell(Probed(command.container, command.kind, command.attempt, outcome))

    def _tell(self, event: Event) -> None:
        self._events.put_nowait(event)

    async def _write_statuses(self) -> None:
        """Writes the latest status whenever it differs; changes that come while a write is on its way go together.

        Events come after it: whoever waits for the pod looks at its status.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._persist(self._write_status)
            self._report()

    def _report(self) -> None:
        for each in self._unreported:
            type_: Literal["Normal", "Warning"] = "Warning" if isinstance(each, Warn) else "Normal"
            self._host.reports.add(self._object, type_, each.reason, each.message)
        self._unreported.clear()

    async def _write_status(self) -> None:
        status = pod_status(self._object, self._life, node_address=self._host.node_address, now=utc_now())
        present = self._object.get("status") or {}
        if any(present.get(name) != value for name, value in status.items()):
            patch = {"metadata": {"uid": self.pod.metadata.uid}, "status": status}
            self._adopt(await self._host.cluster.patch(POD, self.key, patch, subresource="status"))

    async def _delete(self) -> None:
        await self._host.cluster.delete(POD, self.key, uid=self.pod.metadata.uid, grace_period_s=0)

    async def _persist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Tries until the API has it, or until there is nothing to write to any more."""
        for delay_s in chain(_RETRY_S, repeat(_RETRY_S[-1])):
            try:
                await write()
            except (NotFound, Conflict):
                return
            except ApiError as error:
                logger.info("pod %s: not written yet: %s", self.key, error.message)
                await asyncio.sleep(delay_s)
            else:
                return

    def _adopt(self, pod: Object) -> None:
        """Keeps the newer of two states: what a write returned may be ahead of what the watch has told."""
        if _version(pod) >= _version(self._object):
            self._object = pod


def _version(pod: Object) -> int:
    return int(pod["metadata"].get("resourceVersion") or 0)
