"""Cross serving, against the words of the spec: routes come by age, and who meets another kind's hostname gives way."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.translate.cross_serving import GivingWay, in_the_way
from gatelab.gateway.translate.hostnames import intersection, normal
from gatelab.kinds.gatewayapi import Route
from gatelab.kinds.objects import Object
from gateway_strategies import hosts, made, names, result, unique
from golden_cases import snapshot

LISTENER = "*.com"
backend = [{"backendRefs": [{"name": "a", "port": 8080}]}]
routes = st.builds(
    lambda kind, name, hostnames, created: made(
        kind, name, "default", {"parentRefs": [{"name": "gw"}], "hostnames": hostnames, "rules": backend}, created
    ),
    st.sampled_from(["GRPCRoute", "HTTPRoute"]),
    names,
    st.lists(hosts, max_size=2),
    st.integers(1, 3),
)
gateway = made(
    "Gateway",
    "gw",
    "default",
    {
        "gatewayClassName": "gatelab",
        "listeners": [{"name": "l", "port": 80, "protocol": "HTTP", "hostname": LISTENER}],
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(routes, max_size=5).map(unique))
def test_who_gives_way_is_the_oracles(these: list[Object]) -> None:
    translation = result([gateway, *these])
    attached = {str(id_) for id_, parents in translation.routes.items() if parents[0].is_accepted}
    assert attached == oracle(these)
    (outcome,) = translation.gateways.values()
    assert outcome.listeners[0].attached_routes == len(attached)


few = st.builds(
    lambda kind, name, hostnames, created: made(kind, name, "default", {"hostnames": hostnames}, created),
    st.sampled_from(["GRPCRoute", "HTTPRoute"]),
    st.sampled_from("abcde"),
    st.lists(st.sampled_from(["a.com", "b.com", "c.com", "d.com", "a.com", "b.com", "*.com"]), min_size=1, max_size=2),
    st.integers(1, 3),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([True, True, False]), few), max_size=12))
def test_it_is_known_from_one_state_to_the_next(steps: Sequence[tuple[bool, Object]]) -> None:
    line, present = GivingWay(), dict[RouteId, Route]()
    for comes, obj in steps:
        ((id_, route),) = snapshot([obj]).routes.items()
        if present.pop(id_, None) is not None:
            line.take(id_)
        if comes:
            present[id_] = route
            line.put(id_, route)
        line.settle(LISTENER, everything=False)
        assert line.refused == in_the_way(LISTENER, list(present.values()))


def oracle(these: Sequence[Object]) -> set[str]:
    accepted: list[tuple[str, str, set[str]]] = []
    by_age = sorted(
        these, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"], each["kind"])
    )
    for route in by_age:
        wanted = {intersection(LISTENER, normal(each)) for each in route["spec"]["hostnames"] or [""]}
        mine = {each for each in wanted if each is not None}
        others = [theirs for kind, _, theirs in accepted if kind != route["kind"]]
        if mine and not any(intersection(a, b) for theirs in others for a in mine for b in theirs):
            accepted.append((route["kind"], route["metadata"]["name"], mine))
    return {f"{kind}/default/{name}" for kind, name, _ in accepted}
