"""Whatever is published, forgotten or refused, a session is told what would be made anew of what was last."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_envoy import FakeEnvoy
from fuzz_profile import count
from gatelab.proxy.model import (
    Endpoints,
    ProxyConfig,
)
from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER
from gatelab.proxy.xds.proxies import Proxies
from gatelab.proxy.xds.session import Session
from xds_strategies import ENDPOINTS_OF_ALL, TYPES, configs, snapshot_of
from xds_wire import Wire, assert_judged, assert_nothing_is_broken


class Served:
    """A proxy that is published, and an Envoy that comes for it; what is published together is sent together."""

    def __init__(self) -> None:
        self.proxies, self.wire = Proxies(), Wire(Session(), FakeEnvoy())
        self.config: ProxyConfig | None = None
        self.endpoints: Endpoints | None = None
        self.wire.envoy.connect()

    def config_is(self, config: ProxyConfig) -> None:
        self.config = config
        self.proxies.publish("p", config)
        self._show()

    def endpoints_are(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.proxies.publish_endpoints("p", endpoints)
        self._show()

    def _show(self) -> None:
        """A state in between, too: of a backend that it knew last, Envoy may still be told where it was."""
        if self.wire.session.snapshot is not None:
            self.wire.envoy.show(self.wire.session.snapshot)

    def refuses(self, config: ProxyConfig) -> None:
        """All of it: what is given twice is found after the rest was encoded."""
        with pytest.raises(ValueError, match="is given twice"):
            self.proxies.publish("p", dataclasses.replace(config, certificates=config.certificates * 2))

    def forget(self) -> None:
        self.config = self.endpoints = None
        self.proxies.remove("p")

    def exchange(self, kind: str) -> None:
        """A message each way, or a stream ends and another begins."""
        wire = self.wire
        if kind == "reconnect":
            self.proxies.detach(wire.session)
            wire.responses.clear()
            wire.session = Session()
            wire.envoy.connect()
        elif wire.envoy.requests:
            self.proxies.receive(wire.session, wire.envoy.requests.popleft(), lambda: None)
        self.assert_told()
        wire.responses.extend(wire.session.responses())
        if kind == "response" and wire.responses:
            wire.envoy.receive(wire.responses.popleft())

    def assert_told(self) -> None:
        """The session has what would be made anew of what was published last."""
        found = self.wire.session.snapshot
        if self.config is None or self.endpoints is None or self.wire.session.proxy is None:
            assert found is None
            return
        assert found is not None
        wanted = snapshot_of(self.config, self.endpoints)
        for type_url in TYPES:
            assert found.of(type_url) == wanted.of(type_url)
            assert found.parents_of(type_url) == wanted.parents_of(type_url)
            assert found.missing.get(type_url, frozenset()) == wanted.missing.get(type_url, frozenset())
        self.wire.envoy.show(found)
        assert_judged(self.wire.session)


published = st.sampled_from(("both", "both the other way", "endpoints", "refused", "forgotten"))
exchanged = st.sampled_from(("request", "request", "response", "response", "reconnect"))


@given(st.data(), st.lists(published | exchanged, max_size=40))
@settings(max_examples=count(100), deadline=None)
def test_whatever_is_published_after_whatever_a_session_is_told_what_was_last(
    data: st.DataObject, kinds: list[str]
) -> None:
    served = Served()
    for kind in (*kinds, "both"):
        if kind == "refused":
            served.refuses(data.draw(configs()))
        elif kind == "forgotten":
            served.forget()
        elif kind == "endpoints":
            served.endpoints_are(data.draw(ENDPOINTS_OF_ALL))
        elif kind.startswith("both"):
            if kind == "both the other way":
                served.endpoints_are(data.draw(ENDPOINTS_OF_ALL))
            served.config_is(data.draw(configs()))
            if kind == "both":
                served.endpoints_are(data.draw(ENDPOINTS_OF_ALL))
        served.exchange(kind)
        assert_nothing_is_broken(served.wire.envoy)
    while served.wire.envoy.requests or served.wire.responses:
        served.exchange("response")
    has, wanted = served.wire.envoy.has, served.wire.session.snapshot
    assert wanted is not None
    assert {type_url: has[type_url] for type_url in (CLUSTER, LISTENER)} == {
        type_url: wanted.of(type_url) for type_url in (CLUSTER, LISTENER)
    }
    assert has[ENDPOINTS] == wanted.of(ENDPOINTS)
    assert served.proxies.acceptance("p").pending == {}
