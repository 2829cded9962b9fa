"""After any sequence of changes, what was kept up to date is what would be made anew."""

import dataclasses
from collections.abc import Sequence

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelab.cluster.port import Applied, Deleted, Replaced
from gatelab.gateway.intake import LOOKED_AT
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.live_snapshot import LiveSnapshot
from gatelab.gateway.translate import Memo, translate
from gatelab.kinds.builtin import (
    SECRET,
)
from gatelab.kinds.objects import Object, key_of
from gatelab.proxy.model import Endpoint, Endpoints, ProxyConfig
from gatelab.proxy.resources import CLUSTER, Encoder, encode
from gatelab.proxy.xds import snapshot as xds
from gatelab.proxy.xds.proxies import Proxies
from gatelab.proxy.xds.session import Session
from gatelab.reconcile import Mirrors
from gateway_strategies import (
    config_maps,
    gateways,
    grants,
    hosts,
    http_routes,
    l4_routes,
    listener_sets,
    made,
    names,
    policies,
    routes,
)
from golden_cases import ADDRESS, completed, kind_of, shared_objects, snapshot

services = st.builds(
    lambda name, port, protocol: completed(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"ports": [{"name": "grpc", "port": port, "protocol": "TCP", "appProtocol": protocol}]},
        }
    ),
    st.sampled_from(["a", "b", "nobody"]),
    st.sampled_from([8080, 1]),
    st.sampled_from(["http", "https", "kubernetes.io/h2c"]),
)
namespaces = st.sampled_from(["blue", "red"]).map(
    lambda team: completed(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other", "labels": {"team": team}}}
    )
)
meeting_gateways = st.lists(hosts | st.just(""), min_size=1, max_size=3, unique=True).flatmap(
    lambda hostnames: st.sampled_from(["Selector", "All"]).map(
        lambda source: made(
            "Gateway",
            "gw",
            "default",
            {
                "gatewayClassName": "gatelab",
                "allowedListeners": {"namespaces": {"from": source, "selector": {"matchLabels": {"team": "blue"}}}},
                "listeners": [
                    {
                        "name": f"{protocol.lower()}{index}",
                        "port": port,
                        "protocol": protocol,
                        "hostname": hostname,
                        "tls": {"mode": "Passthrough"},
                        "allowedRoutes": {
                            "namespaces": {"from": source, "selector": {"matchLabels": {"team": "blue"}}}
                        },
                    }
                    for index, hostname in enumerate(hostnames)
                    for protocol, port in (("HTTP", 80), ("TLS", 443))
                ],
            },
        )
    )
)
meeting_sets = st.builds(
    lambda namespace, hostnames, created: made(
        "ListenerSet",
        "set",
        namespace,
        {
            "parentRef": {"name": "gw", "namespace": "default"},
            "listeners": [
                {
                    "name": f"l{index}",
                    "port": 80,
                    "protocol": "HTTP",
                    "hostname": hostname,
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                }
                for index, hostname in enumerate(hostnames)
            ],
        },
        created,
    ),
    st.sampled_from(["default", "other"]),
    st.lists(hosts, min_size=1, max_size=2, unique=True),
    st.integers(1, 2),
)
meeting_routes = st.builds(
    lambda kind, name, namespace, hostnames, backend, set_: made(
        kind,
        name,
        namespace,
        {
            "parentRefs": [
                {"name": "gw", "namespace": "default"},
                *({"name": "set", "kind": "ListenerSet", "namespace": each} for each in set_),
            ],
            "hostnames": hostnames,
            "rules": [{"backendRefs": [{"name": backend, "namespace": "default", "port": 8080}]}],
        },
    ),
    st.sampled_from(["GRPCRoute", "GRPCRoute", "GRPCRoute", "HTTPRoute", "TLSRoute"]),
    names,
    st.sampled_from(["default", "other"]),
    st.lists(hosts, max_size=2, unique=True),
    st.sampled_from(["a", "b"]),
    st.sampled_from([(), ("default",), ("other",), ("default", "other")]),
)
grants_of_services = st.sampled_from(["GRPCRoute", "HTTPRoute"]).map(
    lambda kind: made(
        "ReferenceGrant",
        "grant",
        "default",
        {
            "from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": "other"}],
            "to": [{"group": "", "kind": "Service"}],
        },
    )
)
CA = {"group": "", "kind": "ConfigMap", "name": "ca"}
PLAIN = {"port": 80, "protocol": "HTTP"}
what = st.sampled_from(["put", "put", "delete"])
any_changes = st.lists(
    st.tuples(
        what,
        routes
        | http_routes
        | l4_routes
        | gateways
        | listener_sets
        | services
        | grants
        | namespaces
        | policies
        | config_maps,
    ),
    max_size=12,
)
changes_that_meet = st.lists(
    st.tuples(
        what,
        meeting_routes
        | meeting_routes
        | meeting_sets
        | services
        | grants_of_services
        | namespaces
        | policies
        | config_maps,
    )
    | st.tuples(st.just("put"), meeting_gateways),
    min_size=6,
    max_size=20,
)

users_of_policies = [
    made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": [{**PLAIN, "name": "http"}]}),
    *(
        made(
            kind,
            "user",
            "default",
            {
                "parentRefs": [{"name": "gw"}],
                "hostnames": [f"{kind}.test"],
                "rules": [{"backendRefs": [{"name": each, "port": 8080} for each in ("a", "b")]}],
            },
        )
        for kind in ("GRPCRoute", "HTTPRoute")
    ),
    made(
        "BackendTLSPolicy",
        "one",
        "default",
        {
            "targetRefs": [{"group": "", "kind": "Service", "name": "a"}],
            "validation": {"hostname": "a.test", "caCertificateRefs": [CA]},
        },
    ),
]
changes_of_policies = st.lists(
    st.tuples(
        what, (policies | config_maps).filter(lambda each: each["metadata"]["namespace"] == "default") | services
    ),
    min_size=2,
    max_size=12,
)


class Cluster:
    """Objects, and the mirrors that follow them."""

    def __init__(self) -> None:
        self.mirrors = Mirrors(LOOKED_AT)
        for kind in LOOKED_AT:
            self.mirrors.of(kind).apply(Replaced([each for each in shared_objects() if kind_of(each) is kind]))

    def change(self, what: str, obj: Object) -> None:
        mirror = self.mirrors.of(kind_of(obj))
        if what == "put":
            mirror.apply(Applied(obj))
        elif mirror.get(key_of(obj)) is not None:
            mirror.apply(Deleted(obj))

    def objects(self) -> list[Object]:
        return [each for kind in LOOKED_AT for each in self.mirrors.of(kind).list()]


class Line:
    """The states of one proxy, and a session that is told them."""

    def __init__(self) -> None:
        self._proxies, self._session = Proxies(), Session()
        hello = DeltaDiscoveryRequest(type_url=CLUSTER)
        hello.node.cluster = "p"
        self._proxies.receive(self._session, hello, lambda: None)

    def published(self, config: ProxyConfig, endpoints: Endpoints) -> xds.Snapshot | None:
        self._proxies.publish("p", config)
        self._proxies.publish_endpoints("p", endpoints)
        return self._session.snapshot


def addressed(found: Snapshot) -> Snapshot:
    return dataclasses.replace(found, addresses=dict.fromkeys(found.gateways, ADDRESS))


thoroughly = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@thoroughly
@given(any_changes)
def test_what_is_kept_up_to_date_is_what_is_made_anew(these: Sequence[tuple[str, Object]]) -> None:
    assert_kept(these)


@thoroughly
@given(meeting_gateways, changes_that_meet)
def test_it_is_where_changes_meet(first: Object, these: Sequence[tuple[str, Object]]) -> None:
    assert_kept([("put", first), *these])


@thoroughly
@given(changes_of_policies)
def test_it_is_where_policies_change(these: Sequence[tuple[str, Object]]) -> None:
    assert_kept([*(("put", each) for each in users_of_policies), *these])


def assert_kept(these: Sequence[tuple[str, Object]]) -> None:
    cluster, memo, encoder, line = Cluster(), Memo(), Encoder(), Line()
    live = LiveSnapshot(cluster.mirrors)
    for what, obj in these:
        cluster.change(what, obj)
        kept = translate(addressed(live.refresh()), memo=memo)
        assert kept == translate(snapshot(cluster.objects()))
        for outcome in kept.gateways.values():
            config = outcome.config or ProxyConfig()
            assert encoder.encode(config) == encode(config)
            endpoints = {each.name: (Endpoint("127.0.0.1", 1 + len(kept.routes)),) for each in config.backends[1:]}
            assert line.published(config, endpoints) == Line().published(config, endpoints)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(routes | gateways | listener_sets, min_size=1, max_size=6))
def test_a_write_of_a_status_is_no_change(these: Sequence[Object]) -> None:
    cluster = Cluster()
    for each in these:
        cluster.change("put", each)
    live = LiveSnapshot(cluster.mirrors)
    before = live.refresh()
    for obj in (each for each in cluster.objects() if kind_of(each) is not SECRET):
        metadata = {**obj["metadata"], "resourceVersion": "7"}
        cluster.change("put", {**obj, "metadata": metadata, "status": {}})
    assert live.refresh() is before
