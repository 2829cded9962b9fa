"""Endpoints of the backends: EndpointSlices in, addresses out. Apart from everything else, for they change most."""

from collections.abc import Iterable, Mapping, Sequence

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
    """Does as `endpoints` does. Only backends that are new, or whose Service has other slices, are looked at: by
    identity, as slices that have not changed are the same ones (`LiveSlices`).
    """

    def __init__(self) -> None:
        self._backends: Mapping[str, ServicePortName] = {}
        self._slices: Mapping[Key, Sequence[EndpointSlice]] = {}
        self._found: model.Endpoints = {}

    def __call__(
        self, backends: Mapping[str, ServicePortName], slices: Mapping[Key, Sequence[EndpointSlice]]
    ) -> model.Endpoints:
        """The endpoints of each backend; the same mapping as before if nothing has changed."""
        touched = self._touched(slices)
        if touched or backends != self._backends:
            known = self._backends
            stale = [
                name
                for name, target in backends.items()
                if target.service in touched
                or (known_target := known.get(name)) is None
                or (known_target is not target and known_target != target)
            ]
            found = {name: self._found.get(name, ()) for name in backends}
            found.update((name, of_port(backends[name], slices.get(backends[name].service, ()))) for name in stale)
            self._found = found
        self._backends, self._slices = backends, slices
        return self._found

    def _touched(self, slices: Mapping[Key, Sequence[EndpointSlice]]) -> set[Key]:
        before = self._slices
        if slices is before:
            return set()
        touched = {service for service, own in slices.items() if before.get(service) is not own}
        return touched | (before.keys() - slices.keys())


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
