"""Publishing, several Envoys of one proxy, and what the subscribers hear."""

import pytest

from fake_envoy import FakeEnvoy
from gatelab.proxy.model import Acceptance, Endpoint, Forward, ProxyConfig, Route, RouteMatch, WeightedBackend
from gatelab.proxy.resources import ENDPOINTS, ROUTE_TABLE
from gatelab.proxy.xds.proxies import Proxies
from gatelab.proxy.xds.session import Session
from proxy_configs import greetings_to, proxy_config

CONFIG = proxy_config(greetings_to("hello"))
ENDPOINTS_ONE = {"hello": (Endpoint("127.23.2.1", 1),)}


class Stream:
    """A session and the Envoy at its other end."""

    def __init__(self, proxies: Proxies, node: str) -> None:
        self.proxies, self.session, self.envoy = proxies, Session(), FakeEnvoy(node=node)
        self.envoy.connect()

    def converse(self) -> None:
        while True:
            while self.envoy.requests:
                self.proxies.receive(self.session, self.envoy.requests.popleft(), lambda: None)
            if self.session.snapshot is not None:
                self.envoy.show(self.session.snapshot)
            responses = self.session.responses()
            if not responses:
                return
            for response in responses:
                self.envoy.receive(response)


@pytest.fixture
def proxies() -> Proxies:
    return Proxies()


def test_without_an_envoy_everything_is_pending(proxies: Proxies) -> None:
    assert proxies.acceptance("p") == Acceptance()
    proxies.publish("p", CONFIG)
    acceptance = proxies.acceptance("p")
    assert not acceptance.connected
    assert not acceptance.has_accepted("listener", "http")
    assert set(acceptance.pending) == {"listener", "route_table", "backend", "endpoints"}


def test_nothing_is_sent_until_endpoints_are_known(proxies: Proxies) -> None:
    stream = Stream(proxies, "one")
    proxies.publish("p", CONFIG)
    stream.converse()
    assert stream.envoy.received == []
    assert proxies.acceptance("p").pending["endpoints"] == frozenset({"hello"})
    proxies.publish_endpoints("p", {})
    stream.converse()
    assert set(stream.envoy.has[ROUTE_TABLE]) == {"routes"}
    assert proxies.acceptance("p") == Acceptance(connected=True)


def test_every_envoy_of_a_proxy_must_accept(proxies: Proxies) -> None:
    one, two = Stream(proxies, "one"), Stream(proxies, "two")
    proxies.publish("p", CONFIG)
    proxies.publish_endpoints("p", ENDPOINTS_ONE)
    one.converse()
    assert proxies.acceptance("p").has_accepted("listener", "http")
    two.envoy.requests.rotate(0)
    two.proxies.receive(two.session, two.envoy.requests.popleft(), lambda: None)
    assert not proxies.acceptance("p").has_accepted("listener", "http")
    two.converse()
    assert proxies.acceptance("p").has_accepted("listener", "http")
    one_version = one.envoy.has[ENDPOINTS]["hello"].version
    assert two.envoy.has[ENDPOINTS]["hello"].version == one_version
    proxies.detach(one.session)
    assert proxies.acceptance("p").connected
    proxies.detach(two.session)
    assert not proxies.acceptance("p").connected


def test_subscribers_hear_changes_and_nothing_else(proxies: Proxies) -> None:
    heard: list[str] = []
    proxies.subscribe(heard.append)
    proxies.publish("p", CONFIG)
    assert heard == ["p"]
    proxies.publish("p", proxy_config(greetings_to("hello")))
    assert heard == ["p"]
    stream = Stream(proxies, "one")
    proxies.publish_endpoints("p", ENDPOINTS_ONE)
    stream.converse()
    assert len(heard) > 1
    count = len(heard)
    proxies.publish_endpoints("p", dict(ENDPOINTS_ONE))
    stream.converse()
    assert len(heard) == count
    proxies.publish("other", ProxyConfig())
    assert set(heard) == {"p"}


def test_a_proxy_that_is_removed_sends_nothing_more(proxies: Proxies) -> None:
    stream = Stream(proxies, "one")
    proxies.publish("p", CONFIG)
    proxies.publish_endpoints("p", ENDPOINTS_ONE)
    stream.converse()
    proxies.remove("p")
    assert proxies.acceptance("p") == Acceptance(connected=True)
    count = len(stream.envoy.received)
    proxies.publish_endpoints("p", {})
    stream.converse()
    assert len(stream.envoy.received) == count
    proxies.remove("unknown")


def test_a_configuration_that_cannot_be_encoded_names_the_route_and_changes_nothing(proxies: Proxies) -> None:
    proxies.publish("p", CONFIG)
    before = proxies.acceptance("p")
    action = Forward((WeightedBackend("hello"),), failure_status=418)
    with pytest.raises(ValueError, match=r"route 'teapot': failure_status must be 404, 500 or 503, not 418"):
        proxies.publish("p", proxy_config(Route("teapot", RouteMatch(), action)))
    assert proxies.acceptance("p") == before
