"""Endpoints of the backends: EndpointSlices in, addresses out. Apart from everything else, for they change most."""

from collections.abc import Iterable, Mapping, Sequence

from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.kinds.discovery import Endpoint, EndpointSlice
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap
from gatelab.proxy import model


def endpoints(
    backends: Mapping[str, ServicePortName], slices: Mapping[Key, Sequence[EndpointSlice]]
) -> model.Endpoints:
    """The endpoints of each backend; `slices` are those of each Service."""
    return {name: of_port(target, slices.get(target.service, ())) for name, target in backends.items()}


class EndpointsMemo:
    """Does as `endpoints` does. Only backends that are new, or whose Service has other slices, are looked at."""

    def __init__(self) -> None:
        self._backends: PersistentMap[str, ServicePortName] = PersistentMap()
        self._slices: PersistentMap[Key, Sequence[EndpointSlice]] = PersistentMap()
        self._users: dict[Key, set[str]] = {}
        self._found: PersistentMap[str, tuple[model.Endpoint, ...]] = PersistentMap()

    def __call__(
        self, backends: Mapping[str, ServicePortName], slices: Mapping[Key, Sequence[EndpointSlice]]
    ) -> model.Endpoints:
        """The endpoints of each backend; the same mapping as before if nothing has changed."""
        backends, slices = PersistentMap.of(backends), PersistentMap.of(slices)
        changed = {name for name in backends.changes_since(self._backends) if self._is_other(name, backends)}
        touched = slices.changes_since(self._slices)
        self._note(changed, backends)
        stale = changed.union(*(self._users.get(service, ()) for service in touched))
        found = {
            name: of_port(backends[name], slices.get(backends[name].service, ())) for name in stale if name in backends
        }
        put = {name: each for name, each in found.items() if self._found.get(name) != each}
        self._found = self._found.after(put, stale - found.keys())
        self._backends, self._slices = backends, slices
        return self._found

    def _note(self, changed: Iterable[str], backends: Mapping[str, ServicePortName]) -> None:
        """Which backends are of which Service."""
        for name in changed:
            old, new = self._backends.get(name), backends.get(name)
            if old is not None:
                self._users[old.service].discard(name)
                if not self._users[old.service]:
                    del self._users[old.service]
            if new is not None:
                self._users.setdefault(new.service, set()).add(name)

    def _is_other(self, name: str, backends: Mapping[str, ServicePortName]) -> bool:
        return self._backends.get(name) != backends.get(name)


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
