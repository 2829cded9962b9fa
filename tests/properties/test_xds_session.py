"""Any interleaving of publishing, delivery, refusal and reconnection: nothing breaks on the way, and it converges."""

import dataclasses
from collections import Counter, deque

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_envoy import FakeEnvoy, converse
from fuzz_profile import count
from gatelab.proxy.model import (
    Authorities,
    Backend,
    BackendPolicy,
    Certificate,
    Endpoint,
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
from gatelab.proxy.xds.progress import acceptance_of
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Snapshot
from proxy_configs import ADDRESS, GREETINGS, forward, table

TYPES = (CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE, SECRET)
NAMES = ("a", "b", "c")
REFUSABLE = (LISTENER, ROUTE_TABLE)
TLS = st.none() | st.just(UpstreamTls("a.test", "ca", ()))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
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
    endpoints = {name: encode_endpoints(name, (Endpoint(ADDRESS, draw(st.integers(1, 2))),)) for name in names}
    config = ProxyConfig(listeners, tables, backends, certificates, authorities)
    return Snapshot({**encode(config), ENDPOINTS: endpoints})


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


@dataclasses.dataclass
class Wire:
    """A session and an Envoy with responses on their way."""

    session: Session
    envoy: FakeEnvoy
    remembers: bool = False
    """Whether what is published knows in what it differs from what was before."""
    published: Snapshot | None = None
    responses: deque[DeltaDiscoveryResponse] = dataclasses.field(default_factory=deque)

    def step(self, kind: str) -> None:
        if kind == "request" and self.envoy.requests:
            self.session.receive(self.envoy.requests.popleft())
            self.responses.extend(self.session.responses())
        elif kind == "response" and self.responses:
            self.envoy.receive(self.responses.popleft())
        elif kind == "reconnect":
            self.responses.clear()
            self.session = Session()
            self.envoy.connect()
        assert_judged(self.session)

    def publish(self, snapshot: Snapshot) -> None:
        if self.remembers and self.published is not None:
            snapshot = following(self.published, snapshot)
        self.published = snapshot
        self.envoy.show(snapshot)
        self.session.update(snapshot)
        assert_judged(self.session)
        self.responses.extend(self.session.responses())

    def settle(self) -> None:
        while self.responses:
            self.envoy.receive(self.responses.popleft())
        converse(self.session, self.envoy)


def following(before: Snapshot, now: Snapshot) -> Snapshot:
    """The same as `now`, which knows in what it differs from `before`: told by that, it is what it is by itself."""
    resources = {
        type_url: before.of(type_url).after(now.of(type_url), before.of(type_url).keys() - now.of(type_url).keys())
        for type_url in TYPES
    }
    found = Snapshot(resources, before)
    for type_url in TYPES:
        assert found.of(type_url) == now.of(type_url)
        assert found.parents_of(type_url) == now.parents_of(type_url)
        missing = now.parents_of(type_url).keys() - now.of(type_url).keys()
        assert found.missing.get(type_url, frozenset()) == now.missing.get(type_url, frozenset()) == missing
    return found


def assert_judged(session: Session) -> None:
    """What a session knows of each type by what has changed is what it would find by comparing everything."""
    for type_url, each in session.subscriptions.items() if session.snapshot is not None else ():
        desired = session.snapshot.of(type_url) if session.snapshot is not None else {}
        versions = {name: held.version for name, held in each.held.items()}
        behind = {name for name, wanted in desired.items() if versions.get(name) != wanted.version}
        assert each.behind() == behind | ((each.again | each.leaving) & desired.keys())
        assert each.surplus() == each.held.keys() - desired.keys()
        waited_for = each.names - desired.keys() - each.absent
        assert each.unanswered() == {name for name in waited_for if name not in each.held or name in each.again}
        assert each.needed == Counter(need for held in each.held.values() for need in held.needs or ())
        assert each.is_known == all(held.needs is not None for held in each.held.values())


def assert_nothing_is_broken(envoy: FakeEnvoy) -> None:
    """Whatever Envoy's listeners and routes name is there; a route without a cluster fails requests."""
    for type_url in (LISTENER, ROUTE_TABLE):
        for resource in envoy.has[type_url].values():
            for need_type, name in resource.needs:
                if need_type == CLUSTER:
                    assert name in envoy.has[CLUSTER], (resource, name)
                    assert name in envoy.has[ENDPOINTS].keys() | envoy.emptied, (resource, name)


steps = st.lists(st.sampled_from(("request", "response", "reconnect", "publish")) | st.just("request"), max_size=60)


@given(st.data(), steps, st.booleans())
@settings(max_examples=count(150), deadline=None)
def test_make_before_break_and_convergence(data: st.DataObject, kinds: list[str], remembers: bool) -> None:
    wire = Wire(Session(), FakeEnvoy(), remembers)
    wire.envoy.connect()
    wanted = data.draw(snapshots())
    wire.publish(wanted)
    for kind in kinds:
        if kind == "publish":
            wanted = data.draw(snapshots())
            wire.publish(wanted)
        wire.step(kind)
        if kind == "reconnect" and data.draw(st.booleans()):
            wire.publish(wanted)
        assert_nothing_is_broken(wire.envoy)
    wire.publish(wanted)
    wire.settle()
    assert_nothing_is_broken(wire.envoy)
    if "reconnect" not in kinds:
        assert not wire.envoy.emptied
    assert wire.envoy.has[CLUSTER] == wanted.of(CLUSTER)
    assert wire.envoy.has[LISTENER] == wanted.of(LISTENER)
    for type_url in (ENDPOINTS, ROUTE_TABLE, SECRET):
        needed = wanted.parents_of(type_url)
        assert wire.envoy.has[type_url] == {name: wanted.of(type_url)[name] for name in needed}
    acceptance = acceptance_of(wanted, [wire.session])
    assert (acceptance.pending, acceptance.rejected) == ({}, {})


@given(snapshots(), snapshots(), st.lists(st.integers(0, 8), min_size=1, max_size=8), st.booleans())
@settings(max_examples=count(100), deadline=None)
def test_what_goes_may_come_back_at_any_moment(
    one: Snapshot, other: Snapshot, exchanges: list[int], remembers: bool
) -> None:
    """Of two configurations each takes the other's place, after so many messages each way."""
    wire = Wire(Session(), FakeEnvoy(), remembers)
    wire.envoy.connect()
    wire.publish(one)
    wire.settle()
    for number, exchanged in enumerate(exchanges):
        wire.publish(one if number % 2 else other)
        for kind in ("response", "request") * exchanged:
            wire.step(kind)
            assert_nothing_is_broken(wire.envoy)
    wire.settle()
    wanted = one if len(exchanges) % 2 == 0 else other
    assert_nothing_is_broken(wire.envoy)
    assert wire.envoy.has[CLUSTER] == wanted.of(CLUSTER)
    assert acceptance_of(wanted, [wire.session]).pending == {}


@given(st.data(), steps, st.booleans())
@settings(max_examples=count(150), deadline=None)
def test_what_is_refused_on_the_way_holds_nothing_else_up(
    data: st.DataObject, kinds: list[str], remembers: bool
) -> None:
    """Envoy refuses some listeners and tables whenever it meets them; what it has instead stays whole."""
    wire, judged = Wire(Session(), FakeEnvoy(), remembers), set[tuple[str, str]]()

    def publish() -> Snapshot:
        wanted = data.draw(snapshots())
        new = {(type_url, each.version) for type_url in REFUSABLE for each in wanted.of(type_url).values()} - judged
        judged.update(new)
        wire.envoy.refuses |= {each for each in sorted(new) if data.draw(st.integers(0, 3)) == 0}
        wire.publish(wanted)
        return wanted

    wire.envoy.connect()
    wanted = publish()
    for kind in kinds:
        if kind == "publish":
            wanted = publish()
        wire.step(kind)
        if kind == "reconnect" and data.draw(st.booleans()):
            wire.publish(wanted)
        assert_nothing_is_broken(wire.envoy)
    wire.publish(wanted)
    wire.settle()
    assert_nothing_is_broken(wire.envoy)
    assert_converged_but_for_the_refused(wire, wanted)


def assert_converged_but_for_the_refused(wire: Wire, wanted: Snapshot) -> None:
    has, refuses = wire.envoy.has, wire.envoy.refuses
    assert dict(wanted.of(CLUSTER)).items() <= has[CLUSTER].items()
    assert has[LISTENER].keys() <= wanted.of(LISTENER).keys()
    acceptance = acceptance_of(wanted, [wire.session])
    assert acceptance.pending == {}
    refused = {}
    for type_url, of_interest in (
        (LISTENER, wanted.of(LISTENER).keys()),
        (ROUTE_TABLE, wire.envoy.watched[ROUTE_TABLE]),
    ):
        present = {name: wanted.of(type_url)[name] for name in of_interest if name in wanted.of(type_url)}
        refused[type_url] = {name for name, each in present.items() if (type_url, each.version) in refuses}
        for name, each in present.items():
            assert (has[type_url].get(name) == each) == (name not in refused[type_url])
    assert acceptance.rejected.get("listener", {}).keys() == refused[LISTENER]
    assert (
        acceptance.rejected.get("route_table", {}).keys()
        >= refused[ROUTE_TABLE] & wanted.parents_of(ROUTE_TABLE).keys()
    )


@given(snapshots(), snapshots(), st.data())
@settings(max_examples=count(100), deadline=None)
def test_exactly_the_bad_are_rejected_and_the_last_good_serve(
    before: Snapshot, after: Snapshot, data: st.DataObject
) -> None:
    wire = Wire(Session(), FakeEnvoy())
    wire.envoy.connect()
    wire.publish(before)
    wire.settle()
    served = dict(wire.envoy.has[ROUTE_TABLE])
    new = [each for each in after.of(ROUTE_TABLE).values() if served.get(each.name) != each]
    bad = data.draw(st.lists(st.sampled_from(new), unique_by=lambda each: each.name)) if new else []
    wire.envoy.refuses = {(ROUTE_TABLE, each.version) for each in bad}
    wire.publish(after)
    wire.settle()
    needed = after.parents_of(ROUTE_TABLE)
    # Versions are of content, the name in it: no two tables share one.
    expected = {each.name for each in bad if each.name in needed}
    assert set(acceptance_of(after, [wire.session]).rejected.get("route_table", {})) == expected
    assert_nothing_is_broken(wire.envoy)
    for name in needed:
        serving = served.get(name) if name in expected else after.of(ROUTE_TABLE)[name]
        assert wire.envoy.has[ROUTE_TABLE].get(name) in (serving, None if name in expected else serving)
