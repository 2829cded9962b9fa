"""Scripts for the delta ADS session: what is sent, in which order, and what is never sent."""

import dataclasses

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from fake_envoy import FakeEnvoy, converse
from gatelab.proxy.model import (
    Authorities,
    Backend,
    BackendPolicy,
    Certificate,
    Chain,
    Endpoint,
    HttpChain,
    Listener,
    ProxyConfig,
    RouteTable,
    SubjectName,
    TcpChain,
    TlsTermination,
    UpstreamTls,
    VirtualHost,
    WeightedBackend,
)
from gatelab.proxy.resources import (
    CLUSTER,
    ENDPOINTS,
    HOST,
    LISTENER,
    ROUTE_TABLE,
    SECRET,
    Encoder,
    encode,
    encode_endpoints,
)
from gatelab.proxy.xds.progress import acceptance_of
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Snapshot
from gatelab.proxy.xds.subscription import Delivery
from proxy_configs import ADDRESS, greetings_to, proxy_config, table

TLS = Listener("https", ADDRESS, 443, (HttpChain("https", "routes", TlsTermination(("cert",))),))


def at_random(backend: Backend) -> Backend:
    return dataclasses.replace(backend, policy=BackendPolicy(balance="random"))


def snapshot(config: ProxyConfig, port: int = 1) -> Snapshot:
    endpoints = {b.name: encode_endpoints(b.name, (Endpoint(ADDRESS, port),)) for b in config.backends}
    return Snapshot({**encode(config), ENDPOINTS: endpoints})


def talk(session: Session, envoy: FakeEnvoy, wanted: Snapshot) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Give the session a snapshot; what Envoy was sent until it has it."""
    before = len(envoy.received)
    envoy.show(wanted)
    session.update(wanted)
    converse(session, envoy)
    return envoy.received[before:]


@pytest.fixture
def envoy() -> FakeEnvoy:
    envoy = FakeEnvoy()
    envoy.connect()
    return envoy


@pytest.fixture
def session() -> Session:
    return Session()


def test_an_unpublished_proxy_gets_nothing(session: Session, envoy: FakeEnvoy) -> None:
    converse(session, envoy)
    assert envoy.received == []
    assert (session.proxy, session.node) == ("p", "n")


def test_a_new_envoy_is_greeted_with_nothing_when_there_is_nothing(session: Session, envoy: FakeEnvoy) -> None:
    assert talk(session, envoy, snapshot(ProxyConfig())) == [(CLUSTER, (), ()), (LISTENER, (), ())]
    assert talk(session, envoy, snapshot(ProxyConfig())) == []


def test_clusters_and_endpoints_come_before_listeners_and_routes(session: Session, envoy: FakeEnvoy) -> None:
    config = dataclasses.replace(
        proxy_config(greetings_to("hello"), listener=TLS), certificates=(Certificate("cert", b"chain", b"key"),)
    )
    sent = talk(session, envoy, snapshot(config))
    assert [type_url for type_url, _, _ in sent] == [CLUSTER, LISTENER, ENDPOINTS, SECRET, ROUTE_TABLE]
    assert sent.index((ENDPOINTS, ("hello",), ())) < sent.index((ROUTE_TABLE, ("routes",), ()))


def test_authorities_come_before_the_routes_to_those_that_are_judged_by_them(
    session: Session, envoy: FakeEnvoy
) -> None:
    plain = proxy_config(greetings_to("hello"))
    tls = UpstreamTls("hello.test", "authorities/ca", (SubjectName("dns", "hello.test"),))
    talk(session, envoy, snapshot(dataclasses.replace(plain, route_tables=(table(),), backends=())))
    judged = dataclasses.replace(
        plain, backends=(Backend("hello", "http2", tls=tls),), authorities=(Authorities("authorities/ca", b"ca"),)
    )
    envoy.asks_late = {SECRET}
    assert talk(session, envoy, snapshot(judged)) == [(CLUSTER, ("hello",), ()), (ENDPOINTS, ("hello",), ())]
    envoy.ask_at_last()
    converse(session, envoy)
    assert envoy.received[-2:] == [(SECRET, ("authorities/ca",), ()), (ROUTE_TABLE, ("routes",), ())]
    # A new bundle is nobody else's matter.
    renewed = dataclasses.replace(judged, authorities=(Authorities("authorities/ca", b"new"),))
    assert talk(session, envoy, snapshot(renewed)) == [(SECRET, ("authorities/ca",), ())]


def test_a_cluster_goes_after_the_routes_that_named_it(session: Session, envoy: FakeEnvoy) -> None:
    talk(session, envoy, snapshot(proxy_config(greetings_to("old"), backends=("old",))))
    sent = talk(session, envoy, snapshot(proxy_config(greetings_to("new"), backends=("new",))))
    assert sent == [
        (CLUSTER, ("new",), ()),
        (ENDPOINTS, ("new",), ()),
        (ROUTE_TABLE, ("routes",), ()),
        (CLUSTER, (), ("old",)),
    ]


def test_a_cluster_that_is_wanted_again_while_it_goes_comes_before_the_routes(
    session: Session, envoy: FakeEnvoy
) -> None:
    old, new = (snapshot(proxy_config(greetings_to(name), backends=(name,))) for name in ("old", "new"))
    talk(session, envoy, old)
    envoy.show(new)
    session.update(new)
    (response,) = session.responses()
    while not response.removed_resources:
        envoy.receive(response)
        while not (responses := session.responses()):
            session.receive(envoy.requests.popleft())
        (response,) = responses
    session.update(old)
    assert session.responses() == []
    assert "old" in acceptance_of(old, [session]).pending["backend"]
    envoy.receive(response)
    converse(session, envoy)
    assert envoy.received[-4:] == [
        (CLUSTER, ("old",), ()),
        (ENDPOINTS, ("old",), ()),
        (ROUTE_TABLE, ("routes",), ()),
        (CLUSTER, (), ("new",)),
    ]


@pytest.mark.parametrize("is_refused", [False, True], ids=["accepted", "refused"])
def test_a_cluster_stays_as_long_as_a_listener_that_named_it_serves(
    session: Session, envoy: FakeEnvoy, is_refused: bool
) -> None:
    """The next one warms until its certificate has come."""

    def config(backend: str, chains: tuple[Chain, ...]) -> ProxyConfig:
        raw = TcpChain("raw", (WeightedBackend(backend),), ("raw.test",))
        listener = dataclasses.replace(TLS, chains=(*chains, raw))
        certificates = (Certificate("cert", b"chain", b"key"),)
        return ProxyConfig((listener,), (table(),), (Backend(backend, "tcp"),), certificates=certificates)

    talk(session, envoy, snapshot(config("old", ())))
    envoy.asks_late = {SECRET}
    wanted = snapshot(config("new", TLS.chains))
    sent = talk(session, envoy, wanted)
    assert sent[:3] == [(CLUSTER, ("new",), ()), (ENDPOINTS, ("new",), ()), (LISTENER, ("https",), ())]
    assert set(envoy.has[CLUSTER]) == {"old", "new"}
    if is_refused:
        envoy.refuses.add((SECRET, wanted.of(SECRET)["cert"].version))
    envoy.ask_at_last()
    converse(session, envoy)
    assert envoy.received[-2:] == [(SECRET, ("cert",), ()), (CLUSTER, (), ("old",))]


def test_a_changed_cluster_gets_its_endpoints_again(session: Session, envoy: FakeEnvoy) -> None:
    config = proxy_config(greetings_to("hello"))
    talk(session, envoy, snapshot(config))
    changed = dataclasses.replace(config, backends=(at_random(config.backends[0]),))
    assert talk(session, envoy, snapshot(changed)) == [(CLUSTER, ("hello",), ()), (ENDPOINTS, ("hello",), ())]


def test_changed_endpoints_touch_nothing_else(session: Session, envoy: FakeEnvoy) -> None:
    config = proxy_config(greetings_to("hello"))
    talk(session, envoy, snapshot(config))
    assert talk(session, envoy, snapshot(config, port=2)) == [(ENDPOINTS, ("hello",), ())]


def test_after_a_reconnect_only_the_difference_is_sent(session: Session, envoy: FakeEnvoy) -> None:
    first = proxy_config(greetings_to("hello"))
    other = Listener("other", ADDRESS, 81, (HttpChain("other", "routes"),))
    talk(session, envoy, snapshot(dataclasses.replace(first, listeners=(*first.listeners, other))))
    envoy.connect()
    assert talk(Session(), envoy, snapshot(first)) == [(LISTENER, (), ("other",))]
    envoy.connect()
    assert talk(Session(), envoy, snapshot(first)) == []


def test_a_stream_that_broke_while_a_cluster_warmed_gets_the_endpoints_first(envoy: FakeEnvoy) -> None:
    config = proxy_config(greetings_to("hello"))
    talk(Session(), envoy, snapshot(config))
    changed = snapshot(dataclasses.replace(config, backends=(at_random(config.backends[0]),)))
    session = Session()
    envoy.connect()
    while envoy.requests:
        session.receive(envoy.requests.popleft())
    envoy.show(changed)
    session.update(changed)
    envoy.receive(session.responses()[0])
    envoy.connect()
    assert talk(Session(), envoy, changed)[0] == (ENDPOINTS, ("hello",), ())


def test_the_guilty_of_a_refused_batch_are_found(session: Session, envoy: FakeEnvoy) -> None:
    listeners = tuple(Listener(f"l{n}", ADDRESS, n + 1, (HttpChain("c", f"t{n}"),)) for n in range(7))
    tables = tuple(table(greetings_to("hello"), name=f"t{n}") for n in range(7))
    wanted = snapshot(ProxyConfig(listeners, tables, proxy_config().backends))
    for name in ("t2", "t5"):
        envoy.refuses.add((ROUTE_TABLE, wanted.of(ROUTE_TABLE)[name].version))
    envoy.refuses.add((LISTENER, wanted.of(LISTENER)["l6"].version))
    talk(session, envoy, wanted)
    acceptance = acceptance_of(wanted, [session])
    assert acceptance.rejected == {
        "route_table": {"t2": "refused: t2", "t5": "refused: t5"},
        "listener": {"l6": "refused: l6"},
    }
    assert acceptance.pending == {}
    assert set(envoy.has[ROUTE_TABLE]) == {"t0", "t1", "t3", "t4"}


def test_what_came_with_a_refused_one_and_is_wanted_no_longer_is_removed(session: Session, envoy: FakeEnvoy) -> None:
    """Envoy has applied what it could of the delivery that it refused, and nobody has told it so since."""
    listeners = tuple(Listener(f"l{n}", ADDRESS, n + 1, (HttpChain("c", f"t{n}"),)) for n in range(2))
    tables = tuple(table(greetings_to("hello"), name=f"t{n}") for n in range(2))
    both = snapshot(ProxyConfig(listeners, tables, proxy_config().backends))
    neither = snapshot(ProxyConfig((), (), proxy_config().backends))
    envoy.refuses.add((LISTENER, both.of(LISTENER)["l1"].version))
    envoy.connect()
    envoy.show(both)
    session.update(both)
    while LISTENER not in {type_url for type_url, *_ in envoy.received}:
        while envoy.requests:
            session.receive(envoy.requests.popleft())
        for response in session.responses():
            envoy.receive(response)
    assert envoy.has[LISTENER].keys() == {"l0"}
    session.update(neither)
    converse(session, envoy)
    assert envoy.has[LISTENER] == {}


def test_what_was_refused_is_sent_again_only_when_it_changed(session: Session, envoy: FakeEnvoy) -> None:
    bad = snapshot(proxy_config(greetings_to("hello")))
    envoy.refuses.add((ROUTE_TABLE, bad.of(ROUTE_TABLE)["routes"].version))
    talk(session, envoy, bad)
    assert talk(session, envoy, bad) == []
    good = snapshot(proxy_config())
    assert talk(session, envoy, good) == [(ROUTE_TABLE, ("routes",), ())]
    assert acceptance_of(good, [session]).rejected == {}


def test_clusters_of_the_last_good_routes_stay(session: Session, envoy: FakeEnvoy) -> None:
    talk(session, envoy, snapshot(proxy_config(greetings_to("old"), backends=("old",))))
    bad = snapshot(proxy_config(greetings_to("new"), backends=("new",)))
    envoy.refuses.add((ROUTE_TABLE, bad.of(ROUTE_TABLE)["routes"].version))
    talk(session, envoy, bad)
    assert set(envoy.has[CLUSTER]) == {"old", "new"}


def test_a_taken_address_is_tried_again_and_stays_rejected_meanwhile(session: Session, envoy: FakeEnvoy) -> None:
    wanted = snapshot(proxy_config(greetings_to("hello")))
    talk(session, envoy, wanted)
    assert not session.retry_addresses()
    listeners = session.subscriptions[LISTENER]
    listeners.open({})
    (resource,) = wanted.of(LISTENER).values()
    request = DeltaDiscoveryRequest(type_url=LISTENER, response_nonce="x")
    request.error_detail.message = "error adding listener: cannot bind '127.23.1.1:8080': Address already in use"
    envoy.refuses.add((LISTENER, resource.version))
    (response,) = session.responses()
    request.response_nonce = response.nonce
    session.receive(request)
    assert session.responses() == []
    assert session.retry_addresses()
    assert "cannot bind" in acceptance_of(wanted, [session]).rejected["listener"]["http"]
    (response,) = session.responses()
    assert [item.name for item in response.resources] == ["http"]


def test_an_answer_to_another_stream_is_ignored(session: Session, envoy: FakeEnvoy) -> None:
    wanted = snapshot(proxy_config(greetings_to("hello")))
    session.receive(envoy.requests.popleft())
    session.update(wanted)
    (response,) = session.responses()
    session.receive(DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce="another"))
    assert session.responses() == []
    session.receive(DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce=response.nonce))
    assert session.subscriptions[CLUSTER].runs(wanted.of(CLUSTER)["hello"])


def test_a_type_that_is_not_served_is_ignored(session: Session) -> None:
    session.receive(DeltaDiscoveryRequest(type_url="type.googleapis.com/envoy.service.runtime.v3.Runtime"))
    assert session.responses() == []


def test_endpoints_of_a_backend_on_its_way_out_are_left_alone(session: Session, envoy: FakeEnvoy) -> None:
    old = proxy_config(greetings_to("old"), backends=("old",))
    talk(session, envoy, snapshot(old))
    in_between = Snapshot({**encode(old), ENDPOINTS: {"old": encode_endpoints("old", ())}})
    envoy.show(in_between)
    session.update(in_between)
    sent = talk(session, envoy, snapshot(proxy_config(greetings_to("new"), backends=("new",))))
    assert [names for type_url, names, _ in sent if type_url == ENDPOINTS] == [("new",)]


def test_a_cluster_that_is_no_longer_wanted_still_gets_endpoints_to_end_its_warming(
    session: Session, envoy: FakeEnvoy
) -> None:
    first, second = snapshot(proxy_config(backends=("a",))), snapshot(proxy_config(backends=("b",)))
    for wanted in (first, second):
        envoy.show(wanted)
    session.update(first)
    session.receive(envoy.requests.popleft())
    envoy.receive(session.responses()[0])
    session.update(second)
    converse(session, envoy)
    assert set(envoy.has[CLUSTER]) == {"b"}
    assert not envoy.emptied


@pytest.mark.parametrize("is_told", [True, False], ids=["told that it was dropped", "not told"])
def test_hosts_that_are_asked_for_once_more_are_sent_once_more(is_told: bool) -> None:
    hosts = (VirtualHost("a.example.com", ("a.example.com",), ()), VirtualHost("any", ("*",), ()))
    session, wanted = (
        Session(),
        Snapshot(Encoder(many_hosts=1).encode(ProxyConfig(route_tables=(RouteTable("t", hosts),)))),
    )
    for type_url in (CLUSTER, LISTENER, HOST):
        session.receive(DeltaDiscoveryRequest(type_url=type_url))
    subscription = session.subscriptions[HOST]
    session.update(wanted)
    for resource in wanted.of(HOST).values():
        subscription.acknowledge(Delivery("0", {resource.name: resource}, frozenset()))
    assert not {response.type_url for response in session.responses()} & {HOST}
    if is_told:
        session.receive(DeltaDiscoveryRequest(type_url=HOST, resource_names_unsubscribe=["*"]))
    session.receive(DeltaDiscoveryRequest(type_url=HOST, resource_names_subscribe=["*"]))
    (response,) = (each for each in session.responses() if each.type_url == HOST)
    assert {each.name for each in response.resources} == set(wanted.of(HOST))
