"""What a proxy is published, in hypothesis' hands: whole configurations, small enough to meet each other."""

from hypothesis import strategies as st

from gatelab.proxy.model import (
    Authorities,
    Backend,
    BackendPolicy,
    Certificate,
    Endpoint,
    Endpoints,
    HttpChain,
    Listener,
    ProxyConfig,
    Route,
    RouteTable,
    TcpChain,
    TlsTermination,
    UpstreamTls,
    WeightedBackend,
)
from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE, SECRET, encode, encode_endpoints
from gatelab.proxy.xds.snapshot import Snapshot
from proxy_configs import ADDRESS, GREETINGS, forward, table

TYPES = (CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE, SECRET)
NAMES = ("a", "b", "c")
TLS = st.none() | st.just(UpstreamTls("a.test", "ca", ()))


ENDPOINTS_OF_ALL = st.fixed_dictionaries(
    {name: st.integers(1, 2).map(lambda port: (Endpoint(ADDRESS, port),)) for name in NAMES}
)


@st.composite
def configs(draw: st.DrawFn) -> ProxyConfig:
    """A whole configuration of up to three of each, in which every reference is there."""
    backends = tuple(
        Backend(name, "http2", policy=BackendPolicy(draw(st.sampled_from(("round_robin", "random")))), tls=draw(TLS))
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    )
    names = [backend.name for backend in backends]
    certificates = tuple(Certificate(name, draw(st.binary(max_size=1)), b"") for name in ("a", "b"))
    authorities = (Authorities("ca", draw(st.binary(max_size=1))),)
    tables = tuple(
        table(_route(draw(st.lists(st.sampled_from(names), unique=True))), name=name)
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    )
    listeners = tuple(
        Listener(name, ADDRESS, 1 + NAMES.index(name), (draw(_chains(tables, names)),))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    )
    return ProxyConfig(listeners, tables, backends, certificates, authorities)


def snapshot_of(config: ProxyConfig, endpoints: Endpoints) -> Snapshot:
    """Made of nothing that was before."""
    assigned = {each.name: encode_endpoints(each.name, endpoints.get(each.name, ())) for each in config.backends}
    return Snapshot({**encode(config), ENDPOINTS: assigned})


def snapshots() -> st.SearchStrategy[Snapshot]:
    return st.builds(snapshot_of, configs(), ENDPOINTS_OF_ALL)


def _route(names: list[str]) -> Route:
    return Route("r", GREETINGS, forward(*((name, 1) for name in names)))


def _chains(tables: tuple[RouteTable, ...], backends: list[str]) -> st.SearchStrategy[HttpChain | TcpChain]:
    tcp: st.SearchStrategy[HttpChain | TcpChain] = st.builds(
        lambda backend: TcpChain("c", (WeightedBackend(backend),)), st.sampled_from(backends)
    )
    if not tables:
        return tcp
    tls = st.none() | st.builds(TlsTermination, st.sampled_from(NAMES[:2]).map(lambda name: (name,)))
    return tcp | st.builds(HttpChain, st.just("c"), st.sampled_from([each.name for each in tables]), tls)
