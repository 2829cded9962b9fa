"""Who gets a TLS connection, beside a naive reading of the spec."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatelab.kinds.objects import Key, Object
from gatelab.proxy.model import HttpChain, Listener, TcpChain, UdpChain
from gateway_strategies import hosts, made, names, result

PORT = 443
asked_for = st.lists(st.sampled_from(["a", "b", "example"]), max_size=3).map(lambda parts: ".".join([*parts, "com"]))
tls_listeners = st.lists(
    st.tuples(hosts | st.just(""), st.sampled_from(["TLS", "TLS", "HTTPS"])),
    min_size=1,
    max_size=4,
    unique_by=lambda e: e[0],
)
tls_routes = st.lists(
    st.tuples(st.lists(hosts, min_size=1, max_size=3), st.integers(1, 2), names), max_size=4, unique_by=lambda e: e[2]
)


def gateway(listeners: Sequence[tuple[str, str]]) -> Object:
    return made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": [*map(listener, listeners)]})


def listener(each: tuple[str, str]) -> dict[str, Any]:
    hostname, protocol = each
    ended = {"mode": "Terminate", "certificateRefs": [{"name": "certificate"}]}
    tls = ended if protocol == "HTTPS" else {"mode": "Passthrough"}
    name = f"l-{hostname.replace('*', 'any')}".rstrip("-")
    return {"name": name, "port": PORT, "protocol": protocol, "hostname": hostname, "tls": tls}


def route(name: str, hostnames: list[str], created: int) -> Object:
    """A route whose backend is told from others' by its weight alone."""
    backend = {"name": "a", "port": 8080, "weight": 1 + ["one", "two", "three"].index(name)}
    spec = {"parentRefs": [{"name": "gw"}], "hostnames": hostnames, "rules": [{"backendRefs": [backend]}]}
    return made("TLSRoute", name, "default", spec, created)


def taken_by(pattern: str, name: str) -> bool:
    return pattern in ("", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def rank(pattern: str) -> tuple[bool, int]:
    """Exact before wildcard, the longer wildcard first, and last the one without a name."""
    return (pattern != "" and not pattern.startswith("*"), len(pattern))


def by_the_spec(
    name: str, listeners: Sequence[tuple[str, str]], routes: Sequence[tuple[list[str], int, str]]
) -> str | None:
    """The route that has the connection: of the most specific listener, by the most specific hostname, the oldest."""
    _, protocol = max(
        (each for each in listeners if taken_by(each[0], name)), key=lambda e: rank(e[0]), default=("", "")
    )
    if protocol != "TLS":
        return None
    found = [
        (rank(each), -created, [-ord(c) for c in route_name], route_name)
        for hostnames, created, route_name in routes
        for each in hostnames
        if taken_by(each, name)
    ]
    return max(found)[3] if found else None


def by_envoy(name: str, bound: Listener) -> TcpChain | HttpChain | None:
    """As Envoy selects a filter chain: the exact name, then the longest suffix, then the chain without names."""
    names = [
        (each, chain)
        for chain in bound.chains
        if not isinstance(chain, UdpChain)
        for each in chain.server_names or ("",)
    ]
    assert len({each for each, _ in names}) == len(names), "Envoy refuses two chains with one match"
    return max((each for each in names if taken_by(each[0], name)), key=lambda e: rank(e[0]), default=("", None))[1]


@given(tls_listeners, tls_routes, asked_for)
def test_a_connection_goes_where_the_spec_says(
    listeners: list[tuple[str, str]], routes: list[tuple[list[str], int, str]], name: str
) -> None:
    objects = [
        gateway(listeners),
        *(route(route_name, hostnames, created) for hostnames, created, route_name in routes),
    ]
    config = result(objects).gateways[Key("default", "gw")].config
    assert config is not None
    chain = by_envoy(name, config.listeners[0])
    expected = by_the_spec(name, listeners, routes)
    shares = chain.backends if isinstance(chain, TcpChain) else ()
    found = ["one", "two", "three"][shares[0].weight - 1] if shares else None
    assert found == expected
