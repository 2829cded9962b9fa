"""The node's service proxy: an Envoy of the agent's own, told by `l4` what to do."""

import asyncio
import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from gatelab.cluster.port import Applied, Cluster, Deleted, Replaced, WatchEvent
from gatelab.kinds.builtin import ENDPOINT_SLICE, SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.errors import ApiError
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.views import V, view
from gatelab.node.keeper.client import Keeper
from gatelab.node.l4 import service_config, service_endpoints, service_of
from gatelab.node.place import LabPlace
from gatelab.node.residents import Resident
from gatelab.proxy.taken_address import explained
from gatelab.reconcile.events import Recorder
from gatelab.reconcile.pace import Pace
from gatelab.telemetry import Reading

if TYPE_CHECKING:
    from gatelab.proxy.xds import XdsServer

logger = logging.getLogger(__name__)

PROXY = "gatelab-node"
_QUIET_S = 0.005
"""Changes that come together are answered together."""


@dataclass(slots=True)
class _Seen:
    """Services and slices as they are now."""

    services: dict[Key, Service] = field(default_factory=dict)
    slices: dict[Key, EndpointSlice] = field(default_factory=dict)


def envoy_resident(place: LabPlace, keeper: Keeper) -> Resident:
    """The Envoy itself, not started."""
    from gatelab.proxy.binary import envoy_binary
    from gatelab.proxy.bootstrap import bootstrap
    from gatelab.proxy.command import envoy_arguments

    config = bootstrap(
        proxy=PROXY,
        node_id=PROXY,
        xds_socket=str(place.node_xds_socket),
        admin_socket=str(place.node_admin_socket),
        ready=None,
    )
    argv = [str(envoy_binary()), *envoy_arguments(config_yaml=json.dumps(config))]
    env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return Resident("service-proxy", argv, env=env, log=place.service_proxy_log, keeper=keeper)


class ServiceProxy:
    """Keeps the Envoy's configuration equal to the Services and EndpointSlices of the cluster."""

    def __init__(
        self, cluster: Cluster, recorder: Recorder, place: LabPlace, node_address: str, envoy: Resident
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._place = place
        self._node_address = node_address
        self._envoy = envoy
        self._seen = _Seen()
        self._synced: set[Kind] = set()
        self._changed = asyncio.Event()
        self._said: dict[str, str] = {}
        self._xds: XdsServer | None = None

    def readings(self) -> Iterable[Reading]:
        """What its xDS server counts, once there is one."""
        return self._xds.readings() if self._xds else ()

    async def run(self) -> None:
        """Until cancelled."""
        # grpc takes a while to import, and pods must not wait for it.
        await asyncio.to_thread(import_module, "gatelab.proxy.xds")
        from gatelab.proxy.xds import XdsServer

        self._place.node_xds_socket.unlink(missing_ok=True)
        async with XdsServer(f"unix:{self._place.node_xds_socket}") as xds, asyncio.TaskGroup() as tasks:
            self._xds = xds
            xds.subscribe(lambda _: self._report(xds.acceptance(PROXY).rejected.get("listener", {}), tasks))
            self._envoy.start()
            tasks.create_task(self._follow(SERVICE, Service, self._seen.services))
            tasks.create_task(self._follow(ENDPOINT_SLICE, EndpointSlice, self._seen.slices))
            pace = Pace()
            while True:
                await self._changed.wait()
                await pace.rest()
                await asyncio.sleep(_QUIET_S)
                self._changed.clear()
                with pace.step():
                    services = self._seen.services.values()
                    xds.publish(PROXY, service_config(services, self._node_address))
                    xds.publish_endpoints(PROXY, service_endpoints(services, self._seen.slices.values()))

    async def _follow(self, kind: Kind, type_: type[V], seen: dict[Key, V]) -> None:
        async for event in self._cluster.watch(kind):
            _take(event, type_, seen)
            if isinstance(event, Replaced):
                self._synced.add(kind)
            # Before both are known, nothing is published: it would take away what a running Envoy serves.
            if len(self._synced) == 2:
                self._changed.set()

    def _report(self, rejected: Mapping[str, str], tasks: asyncio.TaskGroup) -> None:
        """Says once, in the log and in the Service's Events, why one of its addresses is not served."""
        for listener, cause in rejected.items():
            if self._said.get(listener) != cause:
                logger.warning("service proxy: %s is not served: %s", listener, cause)
                tasks.create_task(self._tell(listener, cause))
        self._said = dict(rejected)

    async def _tell(self, listener: str, cause: str) -> None:
        namespace, _, name = service_of(listener).partition("/")
        try:
            service = await self._cluster.get(SERVICE, Key(namespace, name))
        except ApiError as error:
            logger.debug("service %s/%s: %s", namespace, name, error.message)
            return
        address = listener.partition("@")[2]
        await self._recorder.event(
            service, "Warning", "AddressNotServed", f"{address} is not served: {explained(cause)}"
        )


def _take(event: WatchEvent, type_: type[V], seen: dict[Key, V]) -> None:
    match event:
        case Replaced(objects):
            seen.clear()
            for each in objects:
                _put(each, type_, seen)
        case Applied(obj):
            _put(obj, type_, seen)
        case Deleted(obj):
            seen.pop(key_of(obj), None)


def _put(obj: Object, type_: type[V], seen: dict[Key, V]) -> None:
    try:
        seen[key_of(obj)] = view(type_, obj)
    except msgspec.ValidationError as error:
        logger.warning("%s %s is left out: %s", obj.get("kind"), key_of(obj), error)
        seen.pop(key_of(obj), None)
