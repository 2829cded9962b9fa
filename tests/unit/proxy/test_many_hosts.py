"""Tables of many hosts: what is encoded and sent when one of them changes."""

from dataclasses import replace

import pytest
from envoy.config.listener.v3.listener_pb2 import Listener as EnvoyListener
from envoy.config.route.v3.scoped_route_pb2 import ScopedRouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from gatelab.proxy.model import HttpChain, Listener, ProxyConfig, Route, RouteMatch, RouteTable, VirtualHost
from gatelab.proxy.resources import HOST, LISTENER, MANY, ROUTE_TABLE, Encoder, route_table
from gatelab.proxy.xds.proxies import Proxies
from gatelab.proxy.xds.session import Session
from proxy_configs import ADDRESS, forward

COUNT = 500
ONE_HOST_BYTES = 4096


def host(domain: str, words: str = "") -> VirtualHost:
    return VirtualHost(domain, (domain,), (Route(f"of-{domain}{words}", RouteMatch(), forward((None, 1))),))


HOSTS = (*(host(f"h{number}.example.com") for number in range(COUNT)), host("*.example.com"))


def config(*hosts: VirtualHost, name: str = "t") -> ProxyConfig:
    chains = (HttpChain("c", name),)
    return ProxyConfig((Listener("l", ADDRESS, 8080, chains),), (RouteTable(name, hosts),))


class Stream:
    """A stream of an Envoy that accepts everything."""

    def __init__(self) -> None:
        self.proxies, self.session = Proxies(), Session()
        for type_url in (LISTENER, HOST):
            request = DeltaDiscoveryRequest(type_url=type_url)
            request.node.cluster = "p"
            self.proxies.receive(self.session, request, lambda: None)

    def publish(self, published: ProxyConfig) -> list[DeltaDiscoveryResponse]:
        self.proxies.publish("p", published)
        sent: list[DeltaDiscoveryResponse] = []
        while responses := self.session.responses():
            sent += responses
            for each in responses:
                accepted = DeltaDiscoveryRequest(type_url=each.type_url, response_nonce=each.nonce)
                self.proxies.receive(self.session, accepted, lambda: None)
        return sent


def test_one_changed_host_of_many_is_all_that_is_sent_and_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    stream.publish(config(*HOSTS))
    encoded: list[str] = []
    serialised = route_table._serialised

    def counted(each: VirtualHost) -> bytes:
        encoded.append(each.name)
        return serialised(each)

    monkeypatch.setattr(route_table, "_serialised", counted)
    (response,) = stream.publish(config(HOSTS[0], host("h1.example.com", " again"), *HOSTS[2:]))
    assert [each.name for each in response.resources] == ["t/h1.example.com"]
    assert response.ByteSize() < ONE_HOST_BYTES
    assert encoded == ["h1.example.com"]


def test_a_host_that_goes_is_removed_and_nothing_else_said() -> None:
    stream = Stream()
    stream.publish(config(*HOSTS))
    (response,) = stream.publish(config(*HOSTS[1:]))
    assert (list(response.resources), list(response.removed_resources)) == ([], ["t/h0.example.com"])


def test_a_host_without_an_exact_name_is_among_the_others() -> None:
    stream = Stream()
    stream.publish(config(*HOSTS))
    (response,) = stream.publish(config(*HOSTS, host("*.example.org")))
    assert [each.name for each in response.resources] == ["t/?"]
    others = ScopedRouteConfiguration()
    response.resources[0].resource.Unpack(others)
    assert [each.name for each in others.route_configuration.virtual_hosts] == ["*.example.com", "*.example.org"]


def test_few_hosts_are_one_table_and_a_table_that_was_spread_stays_so() -> None:
    encoder = Encoder()
    few = encoder.encode(config(*HOSTS[: MANY - 1], HOSTS[-1]))
    assert (list(few[ROUTE_TABLE]), list(few[HOST])) == (["t"], [])
    many = encoder.encode(config(*HOSTS[:MANY]))
    assert (list(many[ROUTE_TABLE]), len(many[HOST])) == ([], MANY + 1)
    assert many[LISTENER]["l"].needs == {(HOST, "t/?")}
    assert many[LISTENER]["l"].version != few[LISTENER]["l"].version
    fewer = encoder.encode(config(*HOSTS[:1]))
    assert sorted(fewer[HOST]) == ["t/?", "t/h0.example.com"]
    assert fewer[LISTENER]["l"] is many[LISTENER]["l"]


def test_the_same_hosts_in_two_tables_have_keys_of_their_own() -> None:
    one, other = config(*HOSTS, name="a"), config(*HOSTS, name="b")
    both = replace(one, listeners=(), route_tables=(*one.route_tables, *other.route_tables))
    found = [ScopedRouteConfiguration.FromString(each.body) for each in Encoder().encode(both)[HOST].values()]
    keys = {tuple(fragment.string_key for fragment in each.key.fragments) for each in found}
    assert len(keys) == len(found) == 2 * (COUNT + 1)


def test_a_listener_is_told_how_often_its_keys_have_the_host() -> None:
    encoder = Encoder(many_hosts=1)
    tables = tuple(RouteTable(name, HOSTS[:2]) for name in ("a", "b"))
    chains = tuple(HttpChain(name, name, server_names=(f"{name}.test",)) for name in ("a", "b"))
    (listener,) = encoder.encode(ProxyConfig((Listener("l", ADDRESS, 443, chains),), tables))[LISTENER].values()
    lengths = []
    for chain in EnvoyListener.FromString(listener.body).filter_chains:
        manager = HttpConnectionManager()
        assert chain.filters[0].typed_config.Unpack(manager)
        assert not manager.HasField("rds")
        lengths.append(len(manager.scoped_routes.scope_key_builder.fragments))
    assert lengths == [1, 2]
