"""Where a snapshot comes from: the mirrors."""

import dataclasses
from collections.abc import Mapping, Sequence

from gatelab.gateway.data_plane import data_plane_key
from gatelab.gateway.provision import is_owned
from gatelab.gateway.snapshot import Snapshot, Views, read, snapshot_of
from gatelab.gateway.translate import addresses
from gatelab.gateway.translate.gateway_class import ours
from gatelab.kinds.builtin import (
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    HTTP_ROUTE,
    NAMESPACE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
)
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import SERVICE_NAME, EndpointSlice
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key, Object, controller_of, key_of
from gatelab.kinds.views import view
from gatelab.reconcile import Mirrors

_BY_SERVICE = "gateway: service"
_VERSIONS = {
    "generation": (GATEWAY_CLASS, GATEWAY, GRPC_ROUTE, HTTP_ROUTE),
    "resourceVersion": (REFERENCE_GRANT, SERVICE, SECRET, NAMESPACE),
}
"""What tells that an object has changed in a way that matters here."""


class Sources:
    """Reads snapshots, endpoints and addresses of data planes out of the mirrors.

    `controllers` are the names that are served, with how each calls the objects of a data plane.
    """

    def __init__(self, mirrors: Mirrors, controllers: Mapping[str, str]) -> None:
        self._mirrors = mirrors
        self._controllers = controllers
        self._views = Views()
        mirrors.of(ENDPOINT_SLICE).add_index(_BY_SERVICE, _service_of)

    def versions(self) -> frozenset[tuple[str, str, object]]:
        """Stands for all that a snapshot is made of. Our status writes do not change it: they change no generation."""
        return frozenset(
            (kind.name, metadata.get("uid", ""), metadata.get(version, ""))
            for version, kinds in _VERSIONS.items()
            for kind in kinds
            for metadata in (obj["metadata"] for obj in self._mirrors.of(kind).list())
        )

    def snapshot(self) -> Snapshot:
        """The present state, with the address of each Gateway of ours that has one."""
        found = snapshot_of(lambda kind: self._mirrors.of(kind).list(), self._views)
        classes = ours(found.gateway_classes, self._controllers)
        found_addresses = {}
        for key, gateway in found.gateways.items():
            gateway_class = classes.get(gateway.spec.gateway_class_name)
            if gateway_class is not None:
                naming = self._controllers[gateway_class.spec.controller_name]
                address, _ = self.address(gateway, data_plane_key(gateway, naming))
                if address:
                    found_addresses[key] = address
        return dataclasses.replace(found, addresses=found_addresses)

    def address(self, gateway: Gateway, data_plane: Key) -> tuple[str, str]:
        """The address of the data plane's Service, "" if there is none, and then what stands in the way, if known."""
        obj = self._mirrors.of(SERVICE).get(data_plane)
        if obj is None:
            return "", ""
        if not is_owned(obj, gateway.metadata.uid):
            return "", f"Service {data_plane} is there and is not this Gateway's; rename or delete it"
        found = view(Service, obj).load_balancer_addresses
        return (found[0], "") if found else ("", self._holder(addresses.requested(gateway), data_plane))

    def _holder(self, address: str, data_plane: Key) -> str:
        """A sentence about who has the address that a Gateway asks for; "" if it asks for none."""
        for obj in self._mirrors.of(SERVICE).list() if address else ():
            ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
            if key_of(obj) != data_plane and any(each.get("ip") == address for each in ingress):
                owner = controller_of(obj)
                if owner is not None and owner.get("kind") == GATEWAY.name:
                    return f"Gateway {Key(key_of(obj).namespace, owner['name'])} has it"
                return f"Service {key_of(obj)} has it"
        return f"Service {data_plane} has been given none, see its Events" if address else ""

    def slices(self, services: Sequence[Key]) -> Mapping[Key, Sequence[EndpointSlice]]:
        """The EndpointSlices of these Services; one that cannot be read is left out."""
        mirror = self._mirrors.of(ENDPOINT_SLICE)
        problems: list[str] = []
        return {
            key: tuple(read(EndpointSlice, mirror.by_index(_BY_SERVICE, str(key)), problems).values())
            for key in services
        }


def _service_of(obj: Object) -> Sequence[str]:
    metadata = obj["metadata"]
    name = (metadata.get("labels") or {}).get(SERVICE_NAME)
    return (str(Key(metadata.get("namespace", ""), name)),) if name else ()
