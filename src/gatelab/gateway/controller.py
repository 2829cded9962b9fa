"""The controller: keeps data planes and statuses in step with the cluster.

Four loops, each woken by an event and each looking at the latest state only: translate and publish; publish endpoints,
for which nothing is translated; make the objects of data planes; write statuses. A loop that fails tries again with
back-off and holds up none of the others.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Mapping

from gatelab.cluster.port import Cluster
from gatelab.gateway.connections import Connections
from gatelab.gateway.data_plane import data_plane_key, proxy_name
from gatelab.gateway.intake import Intake
from gatelab.gateway.loops import all_of, whenever
from gatelab.gateway.ports import XdsPort
from gatelab.gateway.provision import Provisioner
from gatelab.gateway.rejections import Rejections
from gatelab.gateway.settings import DataPlaneSettings
from gatelab.gateway.sources import Sources
from gatelab.gateway.status_programmed import DataPlaneState
from gatelab.gateway.status_writer import due
from gatelab.gateway.translate import translate
from gatelab.gateway.translate.endpoints import endpoints
from gatelab.gateway.translate.outcome import GatewayOutcome, Translation
from gatelab.kinds.objects import Key
from gatelab.proxy.model import Acceptance
from gatelab.reconcile import Runtime

logger = logging.getLogger(__name__)

QUIET_S = 0.005
"""How long there must be no change before a translation,"""
AT_MOST_S = 0.05
"""and how long it waits for that at most."""
STATUS_QUIET_S = 0.002


class GatewayController:
    """Serves the Gateways of our classes through `xds`, with data planes made as `settings` say."""

    def __init__(self, cluster: Cluster, xds: XdsPort, settings: DataPlaneSettings) -> None:
        self._cluster = cluster
        self._xds = xds
        self._settings = settings
        self._intake = Intake()
        self._outcome_changed = asyncio.Event()
        self._translation = Translation()
        self._versions: frozenset[tuple[str, str, object]] | None = None
        self._published: dict[Key, str | None] = {}
        """The Gateways that were published, each with what is wrong with its configuration, if it could not be."""
        self._connections = Connections(time.monotonic)
        self._rejections = Rejections()

    async def run(self) -> None:
        """Runs until it is cancelled."""
        self._xds.subscribe(lambda _: self._outcome_changed.set())
        runtime = Runtime(self._cluster, [self._intake])
        loop = functools.partial(whenever, quiet_s=QUIET_S, at_most_s=AT_MOST_S)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(runtime.run(), name="gateway runtime")
            await self._intake.started.wait()
            self._sources = Sources(self._intake.mirrors)
            self._provisioner = Provisioner(self._cluster, self._intake.mirrors, self._settings)
            tasks.create_task(loop(self._intake.translate, self._translate, name="gateway translation"))
            tasks.create_task(loop(self._intake.endpoints, self._publish_endpoints, name="gateway endpoints"))
            tasks.create_task(loop(self._intake.provision, self._provision, name="gateway data planes"))
            tasks.create_task(
                whenever(
                    self._outcome_changed,
                    self._write_statuses,
                    name="gateway statuses",
                    quiet_s=STATUS_QUIET_S,
                    at_most_s=AT_MOST_S,
                )
            )

    async def _translate(self) -> None:
        versions = self._sources.versions()
        if versions == self._versions:
            self._outcome_changed.set()
            return
        before = self._translation
        self._translation = translate(
            self._sources.snapshot(),
            bind_any=self._settings.bind == "any",
            privileged_shift=self._settings.privileged_shift,
        )
        for problem in self._translation.problems:
            if problem not in before.problems:
                logger.warning("%s; it is passed over", problem)
        self._publish()
        self._versions = versions
        self._intake.provision.set()
        self._outcome_changed.set()

    def _publish(self) -> None:
        for key, outcome in self._translation.gateways.items():
            # Without a model there is nothing to say: the proxy keeps what it has.
            if outcome.config is not None:
                try:
                    self._xds.publish(proxy_name(key), outcome.config)
                    self._published[key] = None
                except ValueError as error:
                    logger.error("Gateway %s cannot be expressed: %s", key, error)
                    self._published[key] = str(error)
                self._publish_endpoints_of(key, outcome)
        for key in self._published.keys() - self._translation.gateways.keys():
            self._xds.remove(proxy_name(key))
            self._connections.forget(proxy_name(key))
            self._rejections.forget(proxy_name(key))
            del self._published[key]

    async def _publish_endpoints(self) -> None:
        for key, outcome in self._translation.gateways.items():
            if outcome.config is not None:
                self._publish_endpoints_of(key, outcome)

    def _publish_endpoints_of(self, key: Key, outcome: GatewayOutcome) -> None:
        services = sorted({target.service for target in outcome.backends.values()})
        found = endpoints(outcome.backends, self._sources.slices(services))
        self._xds.publish_endpoints(proxy_name(key), found)

    async def _provision(self) -> None:
        await all_of(
            functools.partial(self._provisioner.provision, outcome, self._data_plane(outcome))
            for outcome in self._translation.gateways.values()
        )

    async def _write_statuses(self) -> None:
        translation = self._translation
        states = {key: self._state(key, outcome) for key, outcome in translation.gateways.items()}
        writes = due(self._intake.mirrors, translation, states, self._blamed(translation, states))
        await all_of(functools.partial(write.perform, self._cluster) for write in writes)

    def _state(self, key: Key, outcome: GatewayOutcome) -> DataPlaneState:
        proxy = proxy_name(key)
        acceptance = self._xds.acceptance(proxy)
        self._connections.observe(proxy, acceptance.connected)
        settling_s = self._connections.settling_s(proxy)
        if settling_s > 0:
            asyncio.get_running_loop().call_later(settling_s, self._outcome_changed.set)
        address, obstacle = self._sources.address(outcome.gateway, self._data_plane(outcome))
        fault = self._published.get(key)
        if fault is not None and outcome.config is not None:
            listeners = {listener.name: fault for listener in outcome.config.listeners}
            acceptance = Acceptance(connected=acceptance.connected, rejected={"listener": listeners})
        return DataPlaneState(acceptance, address, settling_s > 0, obstacle)

    def _blamed(
        self, translation: Translation, states: Mapping[Key, DataPlaneState]
    ) -> Mapping[Key, Mapping[str, str]]:
        return {
            key: self._rejections.observe(proxy_name(key), outcome.config, states[key].acceptance)
            for key, outcome in translation.gateways.items()
            if outcome.config is not None
        }

    def _data_plane(self, outcome: GatewayOutcome) -> Key:
        return data_plane_key(outcome.gateway, outcome.controller_name)
