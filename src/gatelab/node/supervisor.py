"""The lab as one task: control plane, pods, service proxy, metrics; and its orderly end."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import time
from collections.abc import Callable
from typing import Any

from gatelab.cluster.remote import RemoteCluster
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.node.agent import Agent
from gatelab.node.agent_server import serve_agent
from gatelab.node.claims import privileged_shift
from gatelab.node.credentials import write_secret
from gatelab.node.errors import LabError
from gatelab.node.images import Catalogue
from gatelab.node.keeper.process import kill_descendants
from gatelab.node.meter import ProcessMeter
from gatelab.node.metrics import MetricsWriter
from gatelab.node.network.pod_networks import PodNetworks
from gatelab.node.node_lease import keep_lease
from gatelab.node.node_object import keep_node
from gatelab.node.pods.addresses import PodAddresses
from gatelab.node.pods.host import PodHost
from gatelab.node.pods.reports import Reports
from gatelab.node.pods.volumes.pod import VolumeHost
from gatelab.node.pods.volumes.sources import Sources
from gatelab.node.preparation import Preparation
from gatelab.node.readiness import api_ready
from gatelab.node.residents import Resident
from gatelab.node.service_proxy import ServiceProxy, envoy_resident
from gatelab.proxy.binary import envoy_binary
from gatelab.reconcile.events import Recorder
from gatelab.telemetry.families import Counting, readings_of

logger = logging.getLogger(__name__)

READY_TIMEOUT_S = 30.0
STOP_GRACE_S = 1.0
"""From SIGTERM to SIGKILL when the whole lab stops: nobody is left to drain for."""

_TRIM_EVERY_S = 10.0

Facts = dict[str, Any]
"""What `lab.json` says."""


class Supervisor:
    """Runs a prepared lab until SIGINT, SIGTERM, or until it cannot go on."""

    def __init__(self, lab: Preparation, announce: Callable[[Facts], None]) -> None:
        self._lab = lab
        self._announce = announce
        self._stop = asyncio.Event()
        self._nothing_runs = asyncio.Event()
        self._nothing_runs.set()
        self._keeper_is_lost = False

    async def run(self) -> None:
        """Raises LabError when the lab did not start, or lost its keeper. Nothing is left running either way."""
        loop = asyncio.get_running_loop()
        keeper = self._lab.keeper
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_reader(keeper.fileno(), self._hear)
        self._lab.controlplane.later = loop.call_later
        try:
            await self._run_until_stopped()
        finally:
            self._lab.controlplane.later = None
            await self._end()
        if self._keeper_is_lost:
            raise LabError("the lab's keeper process was killed, and its processes with it; start the lab again")

    async def _run_until_stopped(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            lab = tasks.create_task(self._live())
            stopped = tasks.create_task(self._stop.wait())
            await asyncio.wait([lab, stopped], return_when=asyncio.FIRST_COMPLETED)
            lab.cancel()
            stopped.cancel()

    async def _live(self) -> None:
        lab, place = self._lab, self._lab.place
        await api_ready(place, lab.claims.api_port, lab.controlplane, timeout_s=READY_TIMEOUT_S)
        facts = self._facts()
        write_secret(place.lab_file, json.dumps(facts, indent=2).encode() + b"\n")
        self._announce(facts)
        envoy = envoy_resident(place, lab.keeper)
        envoy.later = asyncio.get_running_loop().call_later
        try:
            await self._serve(envoy)
        finally:
            envoy.later = None

    async def _serve(self, envoy: Resident) -> None:
        lab, place = self._lab, self._lab.place
        addresses, isolated = lab.claims.addresses, lab.claims.isolation == "netns"
        async with RemoteCluster.connect(place.kubeconfig) as cluster, asyncio.TaskGroup() as tasks:
            host = PodHost(
                cluster=cluster,
                keeper=lab.keeper,
                catalogue=Catalogue(lab.images, envoy=envoy_binary),
                reports=Reports(Recorder(cluster, "kubelet")),
                log_folder=place.pod_logs,
                node_address=addresses.node,
                volumes=VolumeHost(
                    Sources(cluster), place.pod_content, place.pod_disk, addresses.node if isolated else None
                ),
                networks=PodNetworks(lab.keeper, addresses.node) if isolated else None,
            )
            on_machine = PodAddresses(addresses.host_pods if isolated else addresses.pods)
            agent = Agent(host, PodAddresses(addresses.isolated_pods) if isolated else on_machine, on_machine)

            def own() -> dict[str, int]:
                found = {"control-plane": lab.controlplane.pid, "service-proxy": envoy.pid}
                return {name: pid for name, pid in found.items() if pid} | self._agent_and_keeper()

            service_proxy = ServiceProxy(cluster, Recorder(cluster, "kube-proxy"), place, addresses.node, envoy)
            processes = ProcessMeter(agent.running, own, (lab.controlplane, envoy))
            counting: list[Counting] = [host.meter, processes, service_proxy]
            tasks.create_task(agent.run())
            tasks.create_task(keep_node(cluster, addresses.node))
            tasks.create_task(keep_lease(cluster))
            tasks.create_task(service_proxy.run())
            tasks.create_task(MetricsWriter(cluster, agent.running, own).run())
            tasks.create_task(_trim_log(envoy))
            tasks.create_task(serve_agent(place.agent_socket, lambda: readings_of(counting)))

    def _agent_and_keeper(self) -> dict[str, int]:
        return {"agent": os.getpid(), "keeper": self._lab.keeper.pid}

    def _facts(self) -> Facts:
        lab = self._lab
        node = lab.claims.node
        return {
            "name": lab.place.name,
            "pid": os.getpid(),
            "api": f"https://127.0.0.1:{lab.claims.api_port}",
            "dns": f"{node}:{lab.claims.dns_port}",
            "octet": lab.claims.octet,
            "isolation": lab.claims.isolation,
            "privileged_shift": privileged_shift(node),
            "kubeconfig": str(lab.place.kubeconfig),
            "images": str(lab.images),
            "started_at": to_rfc3339(utc_now()),
            "startup_s": round(time.clock_gettime(time.CLOCK_BOOTTIME) - lab.process_started, 3),
        }

    def _hear(self) -> None:
        if not self._lab.keeper.receive():
            logger.error("the keeper is gone: the lab ends")
            asyncio.get_running_loop().remove_reader(self._lab.keeper.fileno())
            self._keeper_is_lost = True
            self._stop.set()
        if not self._lab.keeper.running:
            self._nothing_runs.set()

    async def _end(self) -> None:
        """SIGTERM for all, a short grace, then the keeper kills what is left."""
        keeper = self._lab.keeper
        if not self._keeper_is_lost:
            for id_ in keeper.running:
                self._nothing_runs.clear()
                keeper.signal(id_, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._nothing_runs.wait(), STOP_GRACE_S)
            asyncio.get_running_loop().remove_reader(keeper.fileno())
        keeper.close()
        if self._keeper_is_lost:
            kill_descendants()
        shutil.rmtree(self._lab.place.run, ignore_errors=True)
        self._lab.place.lab_file.unlink(missing_ok=True)


async def _trim_log(envoy: Resident) -> None:
    while True:
        await asyncio.sleep(_TRIM_EVERY_S)
        await asyncio.to_thread(envoy.trim_log)


def run_lab(lab: Preparation, announce: Callable[[Facts], None]) -> None:
    """Runs the lab in an event loop of its own. Raises LabError."""
    try:
        asyncio.run(Supervisor(lab, announce).run())
    except* LabError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[LabError]) -> LabError:
    for each in errors.exceptions:
        return _first(each) if isinstance(each, BaseExceptionGroup) else each
    raise AssertionError("a group has exceptions")
