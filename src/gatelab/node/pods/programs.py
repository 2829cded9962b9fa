"""The programs of a pod's containers: prepared, spawned by the keeper, their output logged, their ends told."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL

from gatelab.kinds.errors import ApiError
from gatelab.kinds.pods import Container, Pod
from gatelab.kinds.timestamps import utc_now
from gatelab.node.errors import LabError
from gatelab.node.images import UnknownImage
from gatelab.node.keeper.client import Exited, Notice, Spawned, SpawnFailed
from gatelab.node.logs.files import log_file, pod_folder
from gatelab.node.logs.writer import LogWriter
from gatelab.node.network.pod_networks import NetworkNotMade, shares_machine
from gatelab.node.pods.environment import ConfigError, Invocation, invocation, needed
from gatelab.node.pods.events import Ended, Event, Note, NotStarted, Started, Warn
from gatelab.node.pods.host import PodHost, host_environment
from gatelab.node.pods.image_names import InvalidImageName, check_image_name
from gatelab.node.pods.pulls import ERROR as PULL_ERROR
from gatelab.node.pods.termination import log_tail
from gatelab.node.pods.volumes.content import VolumeNotReady
from gatelab.node.pods.volumes.own_files import shown_again
from gatelab.node.pods.volumes.pod import PodVolumes
from gatelab.node.taken_ports import taken_port_message

_EARLY_EXIT_S = 10.0


@dataclass(slots=True)
class Program:
    """One run of a container. `id` is what the keeper knows it by."""

    id: str
    program: Invocation
    log: LogWriter
    log_path: Path
    started: float = 0.0


class Programs:
    """Starts and signals the programs of one pod, and tells what becomes of them."""

    def __init__(
        self,
        pod: Pod,
        address: str,
        host: PodHost,
        volumes: PodVolumes,
        tell: Callable[[Event], None],
        report: Callable[[Note | Warn], None],
    ) -> None:
        self._pod = pod
        self._address = address
        self._host = host
        self._volumes = volumes
        self._reported = ""
        self._tell = tell
        self._report = report
        self._running: dict[str, Program] = {}

    def running(self, container: str) -> Program | None:
        """What runs of the container."""
        return self._running.get(container)

    def signal(self, container: str, number: int) -> None:
        """Signals the container's process group, if there is one."""
        if (running := self._running.get(container)) is not None:
            self._host.keeper.signal(running.id, number)

    async def start(self, container: Container, attempt: int) -> None:
        """Starts a container, or tells why it cannot be started."""
        try:
            program = await self._prepare(container)
        except InvalidImageName as error:
            self._report(Warn("InspectFailed", str(error), container.name))
            self._refuse(container, "InvalidImageName", str(error))
        except (UnknownImage, LabError) as error:
            self._refuse(container, PULL_ERROR, str(error))
        except VolumeNotReady as error:
            self._report_once("FailedMount", str(error))
            self._refuse(container, "ContainerCreating", "")
        except NetworkNotMade as error:
            self._report_once("FailedCreatePodSandBox", str(error))
            self._refuse(container, "ContainerCreating", "")
        except (ConfigError, ApiError) as error:
            self._refuse(container, "CreateContainerConfigError", str(error))
        else:
            self._spawn_or_refuse(container, attempt, program)

    def kill(self) -> None:
        """Leaves nothing behind: for a pod that nobody looks after any more."""
        for each in self._running.values():
            self._host.keeper.signal(each.id, SIGKILL)

    def _spawn_or_refuse(self, container: Container, attempt: int, program: Invocation) -> None:
        try:
            self._spawn(container, attempt, program)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            self._refuse(container, "CreateContainerError", f"its log cannot be written{where}: {error.strerror}")

    async def _prepare(self, container: Container) -> Invocation:
        """Everything that a container needs before it can run; what is missing is raised."""
        check_image_name(container.image)
        image = self._host.catalogue.find(container.image)
        values = await self._host.values(self._pod.metadata.namespace, needed(container))
        host = host_environment()
        program = invocation(self._pod, container, image, address=self._address, host=host, values=values)
        await self._volumes.prepare()
        mounts = self._volumes.mounts(container, program.env)
        if image.built_in:
            mounts += shown_again(mounts)
        return replace(program, mounts=mounts, network=await self._network())

    async def _network(self) -> str | None:
        """The name of the pod's own network, if it has one."""
        if self._host.networks is None or shares_machine(self._pod):
            return None
        return await self._host.networks.of(self._pod.metadata.uid, self._address)

    def leave_network(self) -> None:
        """Nothing of the pod runs any more."""
        if self._host.networks is not None:
            self._host.networks.drop(self._pod.metadata.uid)

    def _report_once(self, reason: str, message: str) -> None:
        """Once: it is tried every second, and nobody reads the same a hundred times."""
        if message != self._reported:
            self._reported = message
            self._report(Warn(reason, message))

    def _refuse(self, container: Container, reason: str, message: str) -> None:
        self._tell(NotStarted(container.name, reason, message, utc_now()))

    def _spawn(self, container: Container, attempt: int, program: Invocation) -> None:
        metadata = self._pod.metadata
        folder = pod_folder(self._host.log_folder, metadata.namespace, metadata.name, metadata.uid) / container.name
        log = LogWriter(folder, attempt, loop=asyncio.get_running_loop())
        run = Program(f"{metadata.uid}/{container.name}/{attempt}", program, log, log_file(folder, attempt))
        self._running[container.name] = run

        def on_notice(notice: Notice) -> None:
            self._on_notice(container, run, notice)

        self._host.keeper.spawn(
            run.id,
            program.argv,
            env=program.env,
            cwd=program.cwd,
            stdout=log.stdout,
            stderr=log.stderr,
            on_notice=on_notice,
            mounts=program.mounts,
            network=program.network,
        )
        log.started()

    def _on_notice(self, container: Container, run: Program, notice: Notice) -> None:
        if not isinstance(notice, Spawned):
            del self._running[container.name]
            run.log.ended()
        match notice:
            case Spawned(pid):
                run.started = time.monotonic()
                self._report_start(container)
                self._tell(Started(container.name, pid, utc_now()))
            case SpawnFailed(_, refused) if refused:
                self._refuse(container, "CreateContainerError", refused)
            case SpawnFailed(errno):
                self._refuse(container, "StartError", _start_message(run.program, errno))
            case Exited():
                message = self._exit_message(container, run, notice.exit_code)
                self._tell(Ended(container.name, notice.exit_code, message, utc_now()))

    def _report_start(self, container: Container) -> None:
        image = f'Container image "{container.image}" already present on machine and can be accessed by the pod'
        self._report(Note("Pulled", image, container.name))
        self._report(Note("Created", "Container created", container.name))
        self._report(Note("Started", "Container started", container.name))

    def _exit_message(self, container: Container, run: Program, exit_code: int) -> str:
        if exit_code == 0:
            return ""
        if time.monotonic() - run.started < _EARLY_EXIT_S and run.program.network is None:
            taken = taken_port_message(self._address, (each.container_port for each in container.ports))
            if taken:
                self._report(Warn("Failed", f"Error: {taken}", container.name))
                return taken
        falls_back = container.termination_message_policy == "FallbackToLogsOnError"
        return log_tail(run.log_path) if falls_back else ""


def _start_message(program: Invocation, errno: int) -> str:
    name = program.argv[0]
    if not Path(program.cwd).is_dir():
        return f'cannot start "{name}": its workingDir {program.cwd} is not a folder on this machine'
    cause = os.strerror(errno)
    if "/" not in name:
        cause += f" in any folder of PATH ({program.env.get('PATH', '')})"
    return f'cannot start "{name}" in {program.cwd}: {cause}'
