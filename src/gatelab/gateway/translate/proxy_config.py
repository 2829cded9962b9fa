"""The model of a Gateway: listeners that can be served, merged by port; their route tables, backends, certificates.

HTTP listeners of a port are one chain with one table, told apart by Host. HTTPS listeners of a port are a chain each,
told apart by SNI, each with a table of its own; that table knows the other hostnames of the port too, so that a request
whose Host is not what its SNI promised is misdirected. TLS listeners share a port with them; see `l4_chains`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gatelab.gateway.translate import backend_tls, l4_chains, redirects
from gatelab.gateway.translate.bound_ports import bound_port, transport_port
from gatelab.gateway.translate.hostnames import EVERY, normal
from gatelab.gateway.translate.outcome import ListenerVerdict, Placement, ServicePortName
from gatelab.gateway.translate.route_tables import HostScope, route_table
from gatelab.gateway.translate.targets import Attached, BackendsMemo, Targets
from gatelab.persistent import PersistentMap
from gatelab.proxy import model

EVERY_ADDRESS = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a data plane listens. `privileged_shift` is added to ports below 1024 where these cannot be bound."""

    address: str
    privileged_shift: int = 0

    def port(self, port: int) -> int:
        return bound_port(port, self.privileged_shift)

    @property
    def seen_shift(self) -> int:
        """As clients see it: in front of a pod with a network of its own its Service has the listener's ports."""
        return 0 if self.address == EVERY_ADDRESS else self.privileged_shift


@dataclass(frozen=True, slots=True)
class ServedListener:
    """A listener that can be served, with the routes attached to it."""

    verdict: ListenerVerdict
    routes: Attached
    seen_shift: int = 0

    @property
    def id(self) -> str:
        return self.verdict.id

    @property
    def hostname(self) -> str:
        return normal(self.verdict.listener.hostname)

    def scope(self, neighbours: frozenset[str] = frozenset()) -> HostScope:
        listener = self.verdict.listener
        entrance = redirects.Entrance(listener.protocol.lower(), listener.port, shift=self.seen_shift)
        return HostScope(self.hostname, self.routes, entrance, neighbours)


@dataclass(frozen=True, slots=True)
class Assembled:
    config: model.ProxyConfig
    placements: Mapping[str, Placement]
    backends: PersistentMap[str, ServicePortName]


Tables = Callable[[str, Sequence[HostScope]], model.RouteTable]
"""`route_table`, or one that remembers."""


@dataclass(frozen=True, slots=True)
class Makers:
    """Who makes the tables and the backends of a Gateway: they may remember the last ones."""

    tables: Tables = route_table
    backends: BackendsMemo = field(default_factory=BackendsMemo)


def assembled(
    served: Sequence[ServedListener],
    binding: Binding,
    makers: Makers,
    identity: model.Certificate | None = None,
) -> Assembled:
    """The whole model of a Gateway, and where each of its listeners is in it, by the listener's id.

    `identity` is the certificate that the Gateway shows to backends.
    """
    served = [replace(each, seen_shift=binding.seen_shift) for each in served]
    backends = makers.backends.of({each.id: each.routes for each in served}, identity)
    listeners: list[model.Listener] = []
    made: list[model.RouteTable] = []
    placements: dict[str, Placement] = {}
    for transport, port in sorted({transport_port(each.verdict.listener) for each in served}):
        sharing = [each for each in served if transport_port(each.verdict.listener) == (transport, port)]
        name = f"port-{port}" if transport == "TCP" else f"udp-{port}"
        chains, found = _chains(name, sharing, makers.tables)
        listeners.append(model.Listener(name, binding.address, binding.port(port), chains))
        made.extend(found.values())
        for each in sharing:
            table = name if name in found else f"{name}/{each.id}"
            targets = backends.of_listeners[each.id]
            placements[each.id] = _placement(name, each, table if table in found else "", targets, identity)
    return Assembled(
        config=model.ProxyConfig(
            listeners=tuple(listeners),
            route_tables=tuple(made),
            backends=backends.backends,
            certificates=_certificates(served, identity),
            authorities=_authorities(served, backends.targets.with_tls.values()),
        ),
        placements=placements,
        backends=backends.targets.by_name,
    )


def _chains(
    name: str, sharing: Sequence[ServedListener], tables: Tables
) -> tuple[tuple[model.Chain, ...], dict[str, model.RouteTable]]:
    """What stands behind a port, and the tables that it needs by their names."""
    if sharing[0].verdict.listener.protocol == "HTTP":
        table = tables(name, [each.scope() for each in sharing])
        return (model.HttpChain(name, table.name),), {name: table}
    chains: list[model.Chain] = []
    found: dict[str, model.RouteTable] = {}
    # What is for a neighbour, by the most specific hostname, has come by the wrong server name (`Listener.hostname`:
    # "the Gateway SHOULD return a 421").
    hostnames = frozenset(each.hostname for each in sharing)
    for each in sharing:
        if each.verdict.listener.protocol != "HTTPS":
            chains += _l4_chains(each, hostnames)
            continue
        table_name = f"{name}/{each.id}"
        found[table_name] = tables(table_name, [each.scope(hostnames)])
        chains.append(_tls_chain(each, table_name))
    return tuple(chains), found


def _l4_chains(served: ServedListener, hostnames: frozenset[str]) -> Sequence[model.Chain]:
    routes = tuple(served.routes.values())
    if served.verdict.listener.protocol == "TCP":
        return [l4_chains.tcp_chain(served.id, routes)]
    if served.verdict.listener.protocol == "UDP":
        return [l4_chains.udp_chain(served.id, routes)]
    # Without ALPN: only the backend knows what it speaks.
    tls = model.TlsTermination(_certificate_names(served), alpn=()) if served.verdict.certificates else None
    return l4_chains.tls_chains(l4_chains.TlsScope(served.id, served.hostname, tls), routes, hostnames)


def _certificate_names(served: ServedListener) -> tuple[str, ...]:
    return tuple(certificate.name for certificate in served.verdict.certificates)


def _tls_chain(served: ServedListener, table: str) -> model.HttpChain:
    hostname = served.hostname
    return model.HttpChain(
        name=served.id,
        route_table=table,
        tls=model.TlsTermination(_certificate_names(served), clients=served.verdict.clients),
        server_names=() if hostname == EVERY else (hostname,),
    )


def _placement(
    listener: str,
    served: ServedListener,
    table: str,
    targets: Targets,
    identity: model.Certificate | None,
) -> Placement:
    asked = served.verdict.clients
    own = (*_certificate_names(served), *((asked.authorities,) if asked else ()))
    return Placement(
        listener=listener,
        route_table=table,
        certificates=frozenset(own),
        backends=targets.by_name,
        backend_secrets=frozenset(backend_tls.secrets(targets.with_tls.values(), identity)),
    )


def _certificates(
    served: Sequence[ServedListener], identity: model.Certificate | None
) -> tuple[model.Certificate, ...]:
    by_name = {each.name: each for one in served for each in one.verdict.certificates}
    if identity is not None:
        by_name[identity.name] = identity
    return tuple(by_name[name] for name in sorted(by_name))


def _authorities(served: Sequence[ServedListener], targets: Iterable[ServicePortName]) -> tuple[model.Authorities, ...]:
    """Those by which clients and backends are judged."""
    by_name = {each.name: each for one in served for each in (one.verdict.authorities,) if each is not None}
    by_name |= {each.name: each for each in backend_tls.authorities(targets)}
    return tuple(by_name[name] for name in sorted(by_name))
