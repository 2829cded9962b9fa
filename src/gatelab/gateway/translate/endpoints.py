"""Endpoints of the backends: EndpointSlices in, addresses out. Apart from everything else, for they change most."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.kinds.discovery import Endpoint, EndpointSlice
from gatelab.kinds.objects import Key
from gatelab.proxy import model


def endpoints(
    backends: Mapping[str, ServicePortName], slices: Mapping[Key, Sequence[EndpointSlice]]
) -> model.Endpoints:
    """The endpoints of each backend; `slices` are those of each Service."""
    return {name: of_port(target, slices.get(target.service, ())) for name, target in backends.items()}


class EndpointsMemo:
    """Does as `endpoints` does. Where the same slices stand behind a backend they are not looked through again."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def __call__(
        self, backends: Mapping[str, ServicePortName], slices: Mapping[Key, Sequence[EndpointSlice]]
    ) -> model.Endpoints:
        """The endpoints of each backend."""
        before, self._entries = self._entries, {}
        for name, target in backends.items():
            own, entry = slices.get(target.service, ()), before.get(name)
            if entry is None or entry.slices is not own or entry.target != target:
                entry = _Entry(own, target, of_port(target, own))
            self._entries[name] = entry
        return {name: entry.endpoints for name, entry in self._entries.items()}


class _Entry(NamedTuple):
    slices: Sequence[EndpointSlice]
    target: ServicePortName
    endpoints: tuple[model.Endpoint, ...]


def of_port(target: ServicePortName, slices: Iterable[EndpointSlice]) -> tuple[model.Endpoint, ...]:
    """The ready endpoints of a Service port, sorted.

    If none is ready, those that are being stopped and still serve (KEP-1669): better served than refused.
    """
    transport = "UDP" if target.protocol == "udp" else "TCP"
    candidates = [
        (model.Endpoint(address, port.port), endpoint)
        for each in slices
        if each.address_type in ("IPv4", "IPv6")
        for port in each.ports
        if port.name == target.port and port.port is not None and port.protocol == transport
        for endpoint in each.endpoints
        for address in endpoint.addresses[:1]
    ]
    found = {address for address, endpoint in candidates if _is_wanted(endpoint)}
    if not found:
        found = {address for address, endpoint in candidates if endpoint.is_terminating and endpoint.is_serving}
    return tuple(sorted(found, key=lambda endpoint: (endpoint.address, endpoint.port)))


def _is_wanted(endpoint: Endpoint) -> bool:
    return endpoint.is_ready and not endpoint.is_terminating
