"""Any interleaving of publishing, delivery, refusal and reconnection: nothing breaks on the way, and it converges."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fake_envoy import FakeEnvoy
from fuzz_profile import count
from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE, SECRET
from gatelab.proxy.xds.progress import acceptance_of
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Snapshot
from xds_strategies import snapshots
from xds_wire import Wire, assert_nothing_is_broken

REFUSABLE = (LISTENER, ROUTE_TABLE)
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
