"""The controller: keeps data planes and statuses in step with the cluster.

Four loops, each woken by an event and each looking at the latest state only: translate and publish; publish endpoints,
for which nothing is translated; make the objects of data planes; write statuses. A loop that fails tries again with
back-off and holds up none of the others.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Iterable

from gatelab.cluster.port import Cluster
from gatelab.gateway.connections import Connections
from gatelab.gateway.data_plane.envoy_container import proxy_name
from gatelab.gateway.data_plane.objects import data_plane_key
from gatelab.gateway.data_plane.provision import Provisioner, foreign_classes, handed_over
from gatelab.gateway.intake import Intake
from gatelab.gateway.loops import all_of, whenever
from gatelab.gateway.meter import TranslationMeter
from gatelab.gateway.ports import XdsPort
from gatelab.gateway.publication.publication import Publication
from gatelab.gateway.settings import DataPlaneSettings
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.sources import Sources
from gatelab.gateway.status.programmed import DataPlaneState
from gatelab.gateway.status.writer import StatusWriter
from gatelab.gateway.translate import Memo, translate
from gatelab.gateway.translate.outcome import GatewayOutcome, Translation
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key
from gatelab.reconcile import Pace, Runtime
from gatelab.telemetry import Reading

logger = logging.getLogger(__name__)

QUIET_S = 0.005
"""How long there must be no change before a translation,"""
AT_MOST_S = 0.05
"""and how long it waits for that at most."""
STATUS_QUIET_S = 0.002
TRAFFIC_SHARE = 0.5
"""Of the time, in a burst: what requests meet comes before what is told about it."""
BRIEF_S = 0.01
"""A translation after one that took no longer is made in place: a thread costs a small one more than it takes."""


class GatewayController:
    """Serves the Gateways of the classes that `settings` name through `xds`, with data planes made as these say."""

    def __init__(self, cluster: Cluster, xds: XdsPort, settings: DataPlaneSettings) -> None:
        self._cluster = cluster
        self._xds = xds
        self._settings = settings
        self._intake = Intake()
        self._meter = TranslationMeter()
        self._runtime = Runtime(cluster, [self._intake])
        self._outcome_changed = asyncio.Event()
        self._translation = Translation()
        self._took_s = float("inf")
        self._snapshot: Snapshot | None = None
        self._foreign: frozenset[str] = frozenset()
        self._handed_over: tuple[Gateway, ...] = ()
        self._connections = Connections(time.monotonic)
        as_set = functools.partial(
            translate,
            controller_names=frozenset(settings.controllers),
            bind_any=settings.bind == "any",
            privileged_shift=settings.privileged_shift,
        )
        self._do_translate = functools.partial(as_set, memo=Memo())
        # A line of its own: it runs beside the other, of other routes.
        self._translate_without_refused = functools.partial(as_set, memo=Memo())

    async def run(self) -> None:
        """Runs until it is cancelled."""
        self._xds.subscribe(lambda _: self._outcome_changed.set())
        traffic = functools.partial(whenever, quiet_s=QUIET_S, pace=Pace(share=TRAFFIC_SHARE), at_once=True)
        told = functools.partial(whenever, pace=Pace())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._runtime.run(), name="gateway runtime")
            await self._intake.started.wait()
            self._sources = Sources(self._intake.mirrors, self._settings.controllers)
            self._provisioner = Provisioner(self._cluster, self._intake.mirrors, self._settings)
            self._statuses = StatusWriter(self._cluster, self._intake.mirrors)
            self._publication = Publication(self._xds, self._sources, self._translate_without_refused)
            for name, loop, woken, step in (
                ("gateway translation", traffic, self._intake.translate, self._translate),
                ("gateway endpoints", traffic, self._intake.endpoints, self._publish_endpoints),
                (
                    "gateway data planes",
                    functools.partial(told, quiet_s=QUIET_S),
                    self._intake.provision,
                    self._provision,
                ),
                (
                    "gateway statuses",
                    functools.partial(told, quiet_s=STATUS_QUIET_S),
                    self._outcome_changed,
                    self._write_statuses,
                ),
            ):
                tasks.create_task(loop(woken, step, name=name, at_most_s=AT_MOST_S), name=name)

    def readings(self) -> Iterable[Reading]:
        """What is counted, for metrics."""
        yield from self._meter.readings()
        yield from self._runtime.readings()

    async def _translate(self) -> None:
        snapshot = self._sources.snapshot()
        if snapshot is not self._snapshot:
            begun = time.perf_counter()
            if self._took_s <= BRIEF_S:
                translation = self._do_translate(snapshot)
            else:
                # Beside the event loop: thousands of routes take a while, and the API answers meanwhile.
                translation = await asyncio.to_thread(self._do_translate, snapshot)
            self._took_s = time.perf_counter() - begun
            self._meter.ended(self._took_s, snapshot, translation)
            before, self._translation = self._translation, translation
            for problem in self._translation.problems:
                if problem not in before.problems:
                    logger.warning("%s; it is passed over", problem)
            self._foreign = foreign_classes(snapshot, self._settings.controllers)
            others, self._handed_over = self._handed_over, handed_over(snapshot, self._foreign)
            if _provisioned(before) != _provisioned(translation) or others != self._handed_over:
                self._intake.provision.set()
            self._publication.publish(snapshot, self._translation)
            for key in before.gateways.keys() - self._translation.gateways.keys():
                self._connections.forget(proxy_name(key))
            self._snapshot = snapshot
        self._outcome_changed.set()

    async def _publish_endpoints(self) -> None:
        self._publication.publish_endpoints()

    async def _provision(self) -> None:
        await all_of(
            functools.partial(self._provisioner.provision, outcome, self._data_plane(outcome), self._foreign)
            for outcome in self._translation.gateways.values()
        )
        await all_of(
            functools.partial(self._provisioner.give_up, gateway, self._foreign) for gateway in self._handed_over
        )

    async def _write_statuses(self) -> None:
        words = self._publication.settle_refusals()
        states = {key: self._state(key, outcome) for key, outcome in self._translation.gateways.items()}
        await self._statuses.write(self._translation, states, words)

    def _state(self, key: Key, outcome: GatewayOutcome) -> DataPlaneState:
        proxy = proxy_name(key)
        acceptance = self._publication.acceptance(key)
        self._connections.observe(proxy, acceptance.connected)
        settling_s = self._connections.settling_s(proxy)
        if settling_s > 0:
            asyncio.get_running_loop().call_later(settling_s, self._outcome_changed.set)
        address, obstacle = self._sources.address(outcome.gateway, self._data_plane(outcome))
        if not outcome.is_accepted:
            obstacle = outcome.accepted.message
        return DataPlaneState(acceptance, address, settling_s > 0, obstacle)

    def _data_plane(self, outcome: GatewayOutcome) -> Key:
        return data_plane_key(outcome.gateway, self._settings.controllers[outcome.controller_name])


def _provisioned(translation: Translation) -> list[object]:
    """What of a translation the objects of data planes are made of."""
    return [
        (
            each.gateway,
            each.controller_name,
            each.accepted,
            each.parameters,
            [listener.verdict for listener in each.listeners],
        )
        for each in translation.gateways.values()
    ]
