"""Laws of translation, on generated objects that the schemas allow."""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_strategies import classes, services, slices, tuning, tunings
from gatelab.gateway.translate import translate
from gatelab.gateway.translate.hostnames import coverers, covers, intersection, normal
from gatelab.kinds.objects import Object
from gatelab.proxy.model import HttpChain, ProxyConfig, Route, VirtualHost
from gatelab.proxy.resources import encode
from gateway_strategies import beside, hosts, labels, made, names, objects, optional, required, result, unique
from golden_cases import ADDRESS, endpoints_by_gateway, snapshot

quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


surroundings = st.lists(services | services | slices | slices | tunings | classes, max_size=6)
everything = st.tuples(objects, surroundings).map(lambda both: unique([*both[0], *both[1]]))


@quickly
@given(everything, st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_matter(these: list[Object], random: Any) -> None:
    given_ = beside(these)
    translation = translate(snapshot(given_))
    shuffled = given_.copy()
    random.shuffle(shuffled)
    again = translate(snapshot(shuffled))
    assert repr(again) == repr(translation)
    assert endpoints_by_gateway(shuffled, again) == endpoints_by_gateway(given_, translation)


@quickly
@given(everything)
def test_an_unrelated_object_changes_nothing_else(these: list[Object]) -> None:
    foreign = made("Gateway", "foreign", "other", {"gatewayClassName": "nobody", "listeners": []})
    route = made("GRPCRoute", "elsewhere", "other", {"parentRefs": [{"name": "foreign"}]})
    unread = tuning("unread", "default", {"workers": "0"})
    assert result([*these, foreign, route, unread]) == result(these)


@quickly
@given(everything)
def test_every_object_is_answered(these: list[Object]) -> None:
    """Whatever was generated is schema-valid: nothing raises, and nothing stays without a word."""
    translation = result(these)
    assert translation.problems == ()
    found = endpoints_by_gateway(beside(these), translation)
    keys = {str(key) for key in translation.gateways}
    for obj in these:
        if obj["kind"] == "Gateway":
            assert f"default/{obj['metadata']['name']}" in keys
    told = [each.listener_set for outcome in translation.gateways.values() for each in outcome.listener_sets]
    names = sorted(str(each.metadata.key) for each in (*told, *translation.orphans))
    sets = [obj["metadata"] for obj in these if obj["kind"] == "ListenerSet"]
    assert names == sorted(f"{each['namespace']}/{each['name']}" for each in sets)
    for outcome in translation.gateways.values():
        for listener in outcome.listeners:
            assert {each.type for each in listener.verdict.conditions} == {"Accepted", "ResolvedRefs", "Conflicted"}
        assert_references_resolve(outcome.config or ProxyConfig())
        assert found[outcome.gateway.metadata.key].keys() == {
            each.name for each in (outcome.config or ProxyConfig()).backends
        }
        assert encode(outcome.config or ProxyConfig())
        for table in (outcome.config or ProxyConfig()).route_tables:
            for host in table.hosts:
                assert len({route.name.split("/")[0] for route in host.routes}) <= 1  # cross serving


def assert_references_resolve(config: ProxyConfig) -> None:
    """What Envoy would refuse: names that nobody has, and names that two have."""
    tables = [table.name for table in config.route_tables]
    backends = {backend.name for backend in config.backends}
    assert len(set(tables)) == len(tables)
    chains = [chain for listener in config.listeners for chain in listener.chains]
    assert {chain.route_table for chain in chains if isinstance(chain, HttpChain)} == set(tables)
    shares = {each.backend for chain in chains if not isinstance(chain, HttpChain) for each in chain.backends}
    assert shares <= {*backends, None}
    assert [listener.name for listener in config.listeners if not listener.chains] == []
    for table in config.route_tables:
        domains = [domain for host in table.hosts for domain in host.domains]
        assert len(set(domains)) == len(domains)
        for host in table.hosts:
            for route in host.routes:
                assert route.backends <= backends


def test_nothing_comes_of_nothing() -> None:
    translation = translate(snapshot(()))
    assert not translation.gateways
    assert not translation.routes
    assert not translation.classes


# Precedence, against an oracle that knows neither hosts nor tables.

plain_matches = optional(
    method=optional(service=st.sampled_from(["p.S", "p.Long"]), method=st.sampled_from(["Get", "Fetch"])),
    headers=st.lists(
        required(name=st.sampled_from(["x", "y"]), value=st.sampled_from(["1", "2"])),
        max_size=2,
        unique_by=lambda each: str(each["name"]),
    ),
)
plain_routes = st.builds(
    lambda name, hostnames, each, created: made(
        "GRPCRoute",
        name,
        "default",
        {"parentRefs": [{"name": "gw"}], "hostnames": hostnames, "rules": [{"matches": [m]} for m in each]},
        created,
    ),
    names,
    st.lists(hosts, max_size=2, unique=True),
    st.lists(plain_matches, min_size=1, max_size=3),
    st.integers(1, 2),
)
plain_gateways = st.lists(hosts | st.just(""), min_size=1, max_size=3, unique=True).map(
    lambda hostnames: made(
        "Gateway",
        "gw",
        "default",
        {
            "gatewayClassName": "gatelab",
            "listeners": [
                {"name": f"l{index}", "port": 80, "protocol": "HTTP", "hostname": hostname}
                for index, hostname in enumerate(hostnames)
            ],
        },
    )
)
requests = st.tuples(
    st.lists(labels, max_size=3).map(lambda parts: ".".join([*parts, "com"])),
    st.sampled_from(["p.S", "p.Long", "q.Other"]),
    st.sampled_from(["Get", "Fetch"]),
    st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"])),
)
Request = tuple[str, str, str, dict[str, str]]


@settings(quickly, max_examples=150)
@given(plain_gateways, st.lists(plain_routes, max_size=4).map(unique), requests)
def test_precedence_is_the_oracles(gateway: Object, these: list[Object], request: Request) -> None:
    translation = result([gateway, *these])
    (outcome,) = translation.gateways.values()
    assert outcome.config is not None
    assert outcome.config.listeners[0].address == ADDRESS
    assert_references_resolve(outcome.config)
    assert served(outcome.config.route_tables[0].hosts, request) == oracle(gateway, these, request)


def served(table: Sequence[VirtualHost], request: Request) -> str | None:
    """What Envoy does: the exact host, else the longest wildcard; then the first route that matches."""
    host = next((each for pattern in coverers(request[0]) for each in table if pattern in each.domains), None)
    return next((each.name for each in host.routes if takes(each, request)), None) if host else None


def takes(route: Route, request: Request) -> bool:
    _, service, method, headers = request
    path, match = f"/{service}/{method}", route.match
    by_kind = {
        "exact": path == match.path.value,
        "prefix": match.path.value == "/" or path.startswith(match.path.value + "/"),
        "regex": re.fullmatch(match.path.value, path) is not None,
    }
    return by_kind[match.path.kind] and all(headers.get(each.name) == each.value for each in match.headers)


def oracle(gateway: Object, these: Sequence[Object], request: Request) -> str | None:
    """The rule that the spec gives a request to, in the words of the spec."""
    host, service, method, headers = request
    owning = [each["hostname"] for each in gateway["spec"]["listeners"] if covers(normal(each["hostname"]), host)]
    if not owning:
        return None
    listener = max(owning, key=lambda each: (not each.startswith("*"), len(each)))
    best: list[tuple[Any, ...]] = []
    for route in these:
        spec, meta = route["spec"], route["metadata"]
        if not any(intersection(normal(listener), normal(each)) for each in spec["hostnames"] or [""]):
            continue
        matching = [each for each in spec["hostnames"] or [""] if covers(normal(each), host)]
        for index, rule in enumerate(spec["rules"]):
            (match,) = rule["matches"]
            wanted = match.get("method", {})
            if wanted.get("service", service) != service or wanted.get("method", method) != method or not matching:
                continue
            if any(headers.get(each["name"]) != each["value"] for each in match.get("headers", ())):
                continue
            exact = max((len(each) for each in matching if not each.startswith("*")), default=0)
            characters = (len(wanted.get("service", "")), len(wanted.get("method", "")), len(match.get("headers", ())))
            rank = (exact, max(map(len, matching)), *characters)
            age = (meta["creationTimestamp"], meta["name"], index)
            best.append((*(-each for each in rank), *age, f"GRPCRoute/default/{meta['name']}/rule-{index}/match-0"))
    return min(best)[-1] if best else None


@given(hosts, hosts)
def test_hostnames_that_cover_are_the_coverers(pattern: str, hostname: str) -> None:
    assert covers(pattern, hostname) == (pattern in set(coverers(hostname)))
    assert intersection(pattern, hostname) == intersection(hostname, pattern)
