"""Where a snapshot comes from: the mirrors."""

import dataclasses
from collections.abc import Mapping, Sequence

from gatelab.gateway.data_plane.objects import data_plane_key
from gatelab.gateway.data_plane.provision import is_owned
from gatelab.gateway.snapshot.live_slices import LiveSlices
from gatelab.gateway.snapshot.live_snapshot import LiveSnapshot
from gatelab.gateway.snapshot.snapshot import Snapshot
from gatelab.gateway.translate import addresses
from gatelab.gateway.translate.gateway_class import ours
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key, controller_of, key_of
from gatelab.kinds.views import view
from gatelab.reconcile import Mirrors


class Sources:
    """Reads snapshots, endpoints and addresses of data planes out of the mirrors.

    `controllers` are the names that are served, with how each calls the objects of a data plane.
    """

    def __init__(self, mirrors: Mirrors, controllers: Mapping[str, str]) -> None:
        self._mirrors = mirrors
        self._controllers = controllers
        self._live = LiveSnapshot(mirrors)
        self._without_addresses = self._snapshot = Snapshot()
        self._slices = LiveSlices(mirrors.of(ENDPOINT_SLICE))

    def snapshot(self) -> Snapshot:
        """The present state, with the address of each Gateway of ours that has one; the same one if nothing that
        matters has changed. Our status writes do not matter.
        """
        found = self._live.refresh()
        if found is not self._without_addresses:
            self._without_addresses = found
            self._snapshot = dataclasses.replace(found, addresses=self._addresses(found))
        return self._snapshot

    def _addresses(self, found: Snapshot) -> Mapping[Key, str]:
        classes = ours(found.gateway_classes, self._controllers)
        addresses = {}
        for key, gateway in found.gateways.items():
            gateway_class = classes.get(gateway.spec.gateway_class_name)
            if gateway_class is not None:
                naming = self._controllers[gateway_class.spec.controller_name]
                address, _ = self.address(gateway, data_plane_key(gateway, naming))
                if address:
                    addresses[key] = address
        return addresses

    def address(self, gateway: Gateway, data_plane: Key) -> tuple[str, str]:
        """The address of the data plane's Service, "" if there is none, and then what stands in the way, if known."""
        obj = self._mirrors.of(SERVICE).get(data_plane)
        if obj is None:
            return "", ""
        if not is_owned(obj, gateway.metadata.uid):
            return "", f"Service {data_plane} is there and is not this Gateway's; rename or delete it"
        found = view(Service, obj).load_balancer_addresses
        return (found[0], "") if found else ("", self._holder(addresses.wanted(gateway), data_plane))

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

    def slices(self) -> Mapping[Key, Sequence[EndpointSlice]]:
        """The EndpointSlices of each Service; one that cannot be read is left out."""
        return self._slices.refresh()
