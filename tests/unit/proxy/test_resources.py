"""What the encoding promises: deterministic bytes, versions by content, references, no secrets in sight."""

import dataclasses
from collections.abc import Sequence

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener as EnvoyListener
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from gatelab.proxy.model import (
    NO_CHANGES,
    Backend,
    Certificate,
    Endpoint,
    Forward,
    HeaderChanges,
    HeaderMatch,
    HttpChain,
    Listener,
    PathMatch,
    ProxyConfig,
    Redirect,
    Route,
    RouteMatch,
    RouteTable,
    TcpChain,
    TlsTermination,
    VirtualHost,
    WeightedBackend,
)
from gatelab.proxy.resources import (
    CLUSTER,
    ENDPOINTS,
    LISTENER,
    ROUTE_TABLE,
    SECRET,
    Encoder,
    encode,
    encode_endpoints,
    route_table,
)
from gatelab.proxy.resources.grpc_web import MOST_TWINS
from gatelab.proxy.resources.http_filters import GRPC_WEB
from proxy_configs import ADDRESS, forward, greetings_to, proxy_config, table


def encoded_routes(*routes: Route) -> Sequence[EnvoyRoute]:
    resource = encode(ProxyConfig(route_tables=(table(*routes),)))[ROUTE_TABLE]["routes"]
    (host,) = RouteConfiguration.FromString(resource.body).virtual_hosts
    *found, otherwise = host.routes
    assert otherwise.direct_response.status == 404
    return tuple(found)


def encoded_route(match: RouteMatch, action: Forward) -> EnvoyRoute:
    (route,) = encoded_routes(Route("r", match, action))
    return route


@pytest.mark.parametrize("number", [1, 2, MOST_TWINS, MOST_TWINS + 1])
def test_plain_grpc_does_not_meet_the_filter_of_grpc_web_unless_the_table_would_be_long(number: int) -> None:
    routes = [
        Route(f"r{each}", RouteMatch(PathMatch("exact", f"/s/{each}"), grpc=True), forward(("a", 1)))
        for each in range(number)
    ]
    body = encode(ProxyConfig(route_tables=(table(*routes),)))[ROUTE_TABLE]["routes"].body
    (host,) = RouteConfiguration.FromString(body).virtual_hosts
    awake = [GRPC_WEB in each.typed_per_filter_config for each in host.routes]
    asks_once = [False] if number > 1 else []
    if number > MOST_TWINS:
        assert GRPC_WEB in host.typed_per_filter_config
        assert not any(awake)
    else:
        assert not host.typed_per_filter_config
        assert awake == [*asks_once, *([False, True] * number), True]


def test_equal_content_has_equal_bytes_and_version() -> None:
    first, second = (encode(proxy_config(greetings_to("hello"))) for _ in range(2))
    assert first == second
    changed = encode(proxy_config(greetings_to("hello"), listener=Listener("http", ADDRESS, 81, ())))
    assert changed[LISTENER]["http"].version != first[LISTENER]["http"].version
    assert changed[ROUTE_TABLE] == first[ROUTE_TABLE]


def test_a_name_given_twice_is_refused() -> None:
    config = proxy_config(backends=("hello", "hello"))
    with pytest.raises(ValueError, match="backend 'hello' is given twice"):
        encode(config)


def test_keys_are_in_no_repr() -> None:
    resources = encode(ProxyConfig(certificates=(Certificate("cert", b"CHAIN", b"PRIVATE"),)))
    assert b"PRIVATE" in resources[SECRET]["cert"].body
    assert "PRIVATE" not in repr(resources)


def test_each_names_what_it_needs() -> None:
    tls = HttpChain("https", "routes", TlsTermination(("cert",)))
    listeners = (
        Listener("l", ADDRESS, 443, (tls,)),
        Listener("t", ADDRESS, 80, (TcpChain("t", (WeightedBackend("b"),)),)),
    )
    routes = Route("r", RouteMatch(), forward(("a", 1), ("unused", 0), (None, 1), ("b", 2)))
    config = ProxyConfig(listeners, (table(routes),), (Backend("a", "http2"), Backend("b", "tcp")))
    resources = encode(config)
    assert resources[LISTENER]["l"].needs == {(ROUTE_TABLE, "routes"), (SECRET, "cert")}
    assert resources[LISTENER]["t"].needs == {(CLUSTER, "b")}
    assert resources[ROUTE_TABLE]["routes"].needs == {(CLUSTER, "a"), (CLUSTER, "b")}
    assert resources[CLUSTER]["a"].needs == {(ENDPOINTS, "a")}
    assert encode_endpoints("a", ()).needs == frozenset()


@pytest.mark.parametrize("shared", [False, True])
def test_an_address_is_bound_by_several_processes_only_where_that_is_said(shared: bool) -> None:
    listener = Listener("http", "127.0.0.1", 80, (HttpChain("http", "routes"),), shared=shared)
    message = EnvoyListener.FromString(encode(ProxyConfig((listener,)))[LISTENER]["http"].body)
    assert message.HasField("enable_reuse_port")
    assert message.enable_reuse_port.value is shared


@pytest.mark.parametrize(("server_names", "inspectors"), [((), 0), (("a.test",), 1)])
def test_server_names_are_read_only_when_they_matter(server_names: tuple[str, ...], inspectors: int) -> None:
    chain = HttpChain("https", "routes", TlsTermination(("cert",)), server_names)
    resource = encode(ProxyConfig((Listener("l", ADDRESS, 443, (chain,)),)))[LISTENER]["l"]
    assert len(EnvoyListener.FromString(resource.body).listener_filters) == inspectors


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        (PathMatch("prefix", "/"), "prefix", "/"),
        (PathMatch("prefix", "/a"), "path_separated_prefix", "/a"),
        (PathMatch("prefix", "/a/"), "path_separated_prefix", "/a"),
        (PathMatch("exact", "/a/"), "path", "/a/"),
    ],
)
def test_prefixes_are_whole_segments(path: PathMatch, field: str, value: str) -> None:
    match = encoded_route(RouteMatch(path), forward(("a", 1))).match
    assert match.WhichOneof("path_specifier") == field
    assert getattr(match, field) == value


def test_the_host_header_is_matched_as_the_authority() -> None:
    headers = (HeaderMatch("host", "exact", "a.test"),)
    match = encoded_route(RouteMatch(headers=headers), forward(("a", 1))).match
    assert [header.name for header in match.headers] == [":authority"]


def test_streams_have_no_timeout_unless_one_is_given() -> None:
    action = forward(("a", 1))
    timed = dataclasses.replace(action, timeout_s=1.5)
    routes = (Route("none", RouteMatch(), action), Route("some", RouteMatch(), timed))
    none, some = (route.route.timeout for route in encoded_routes(*routes))
    assert (none.seconds, none.nanos) == (0, 0)
    assert (some.seconds, some.nanos) == (1, 500_000_000)
    assert all(route.route.HasField("timeout") for route in encoded_routes(*routes))


def test_only_a_share_alone_goes_straight_to_its_cluster() -> None:
    one = encoded_route(RouteMatch(), forward(("a", 5), ("b", 0))).route
    assert one.cluster == "a"
    two = encoded_route(RouteMatch(), forward(("a", 5), ("b", 1))).route
    assert [(each.name, each.weight.value) for each in two.weighted_clusters.clusters] == [("a", 5), ("b", 1)]


def test_only_requests_that_were_not_sent_are_retried() -> None:
    action = encoded_route(RouteMatch(), forward(("a", 1), connect_retries=2)).route
    assert action.retry_policy.retry_on == "connect-failure,refused-stream"
    assert action.retry_policy.num_retries.value == 2
    none = encoded_route(RouteMatch(), forward(("a", 1), connect_retries=0)).route
    assert not none.HasField("retry_policy")


def test_the_circuit_breakers_are_out_of_the_way_and_http2_is_explicit() -> None:
    cluster = Cluster.FromString(encode(proxy_config())[CLUSTER]["hello"].body)
    (threshold,) = cluster.circuit_breakers.thresholds
    assert min(threshold.max_requests.value, threshold.max_connections.value) > 1_000_000
    assert len(cluster.typed_extension_protocol_options) == 1
    tcp = encode(ProxyConfig(backends=(Backend("hello", "tcp"),)))[CLUSTER]["hello"]
    assert not Cluster.FromString(tcp.body).typed_extension_protocol_options


def test_the_order_of_endpoints_is_kept() -> None:
    one, two = Endpoint("127.23.0.1", 1), Endpoint("127.23.0.2", 1)
    assert encode_endpoints("a", (one, two)).body != encode_endpoints("a", (two, one)).body


CHANGES = HeaderChanges(set=(("a", "1"), ("b", "1")), add=(("c", "1"),), remove=("d",))


@pytest.mark.parametrize(
    ("later", "both"),
    [
        (NO_CHANGES, CHANGES),
        (
            HeaderChanges(set=(("a", "2"),)),
            HeaderChanges(set=(("b", "1"), ("a", "2")), add=(("c", "1"),), remove=("d",)),
        ),
        (HeaderChanges(remove=("b", "c")), HeaderChanges(set=(("a", "1"),), remove=("d", "b", "c"))),
        (HeaderChanges(add=(("c", "2"),)), HeaderChanges(CHANGES.set, (("c", "1"), ("c", "2")), ("d",))),
    ],
)
def test_changes_after_changes(later: HeaderChanges, both: HeaderChanges) -> None:
    assert CHANGES.then(later) == both


@pytest.mark.parametrize("status", [200, 304])
def test_a_redirect_that_is_none_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="301, 302, 303, 307 or 308"):
        encoded_routes(Route("r", RouteMatch(), Redirect(status=status)))


def two_hosts(*routes: Route) -> ProxyConfig:
    hosts = tuple(VirtualHost(f"{n}.test", (f"{n}.test",), (route,)) for n, route in enumerate(routes))
    return ProxyConfig(
        route_tables=(RouteTable("routes", hosts),), backends=(Backend("a", "http2"), Backend("b", "tcp"))
    )


def test_one_encoding_after_the_other_is_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, encoded_hosts = Encoder(), list[str]()
    once = route_table._serialised

    def serialised(host: VirtualHost) -> bytes:
        encoded_hosts.append(host.name)
        return once(host)

    first, second = two_hosts(greetings_to("a"), greetings_to("b")), two_hosts(greetings_to("a"), greetings_to("a"))
    expected = [encode(first), encode(second), encode(ProxyConfig()), encode(first)]
    monkeypatch.setattr(route_table, "_serialised", serialised)
    assert [encoder.encode(each) for each in (first, second)] == expected[:2]
    assert encoded_hosts == ["0.test", "1.test", "1.test"]
    assert [encoder.encode(each) for each in (ProxyConfig(), first)] == expected[2:]
