"""Which rule a request gets, over HTTPRoutes and GRPCRoutes on the listeners of Gateways and ListenerSets together."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import naive_spec as spec
from gatelab.kinds.objects import Key, Object
from gatelab.proxy.model import HttpChain, ProxyConfig, Route
from gateway_strategies import made, names, optional, required, result, unique

PORTS = st.sampled_from([80, 81])
thoroughly = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
hosts = st.sampled_from(["*.com", "*.a.com", "a.com", "b.com", "b.a.com"])
allowed = optional(
    kinds=st.lists(st.sampled_from([{"kind": "HTTPRoute"}, {"kind": "GRPCRoute"}]), min_size=1, max_size=1),
    namespaces=st.sampled_from([{"from": "All"}, {"from": "Same"}]),
)
openings = st.lists(
    st.tuples(PORTS, hosts | st.just(""), st.integers(0, 2), st.just({}) | st.just({}) | allowed),
    min_size=2,
    max_size=5,
    unique_by=lambda each: each[:2],
)
"""Listeners that do not conflict, each of the Gateway (0) or of one of two ListenerSets."""


def owners(these: Sequence[tuple[int, str, int, Any]]) -> list[Object]:
    """The Gateway and the ListenerSets that have these listeners; listeners of two of them have the same names."""
    found: list[list[dict[str, Any]]] = [[], [], []]
    for port, hostname, owner, admitted in these:
        listener = {"name": f"l{len(found[owner])}", "port": port, "protocol": "HTTP", "allowedRoutes": admitted}
        found[owner].append({**listener, **({"hostname": hostname} if hostname else {})})
    own = found[0] or [{"name": "unused", "port": 99, "protocol": "HTTP"}]
    open_to_sets = {"allowedListeners": {"namespaces": {"from": "Same"}}}
    made_of = [made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": own, **open_to_sets})]
    for name, each in zip(("set", "set2"), found[1:], strict=True):
        if each:
            made_of.append(made("ListenerSet", name, "default", {"parentRef": {"name": "gw"}, "listeners": each}))
    return made_of


references = st.lists(
    st.builds(
        lambda parent, fields: {**parent, "namespace": "default", **fields},
        st.sampled_from(
            [{"name": "gw"}, {"name": "set", "kind": "ListenerSet"}, {"name": "set2", "kind": "ListenerSet"}]
        ),
        st.just({}) | st.just({}) | optional(sectionName=st.sampled_from(["l0", "l1"]), port=PORTS),
    ),
    min_size=2,
    max_size=3,
)
fields = st.lists(required(name=st.sampled_from(["x", "y"]), value=st.sampled_from(["1", "2"])), max_size=1)
http_matches = optional(
    path=required(type=st.sampled_from(["Exact", "PathPrefix"]), value=st.sampled_from(["/", "/p.S", "/p.S/Get"])),
    method=st.sampled_from(["POST", "GET"]),
    headers=fields,
)
grpc_matches = optional(
    method=optional(method=st.sampled_from(["Get", "Fetch"])).map(lambda each: {"service": "p.S", **each}),
    headers=fields,
)


def routes(kind: str, matches: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    return st.builds(
        lambda name, namespace, parents, hostnames, rules, created: made(
            kind, name, namespace, {"parentRefs": parents, "hostnames": hostnames, "rules": rules}, created
        ),
        names,
        st.sampled_from(["default", "default", "other"]),
        references,
        st.just([]) | st.lists(hosts, max_size=2, unique=True),
        st.lists(required(matches=st.lists(st.just({}) | matches, min_size=1, max_size=2)), min_size=1, max_size=2),
        st.integers(1, 3),
    )


any_routes = st.lists(
    routes("HTTPRoute", http_matches) | routes("GRPCRoute", grpc_matches), min_size=2, max_size=6
).map(unique)
requests = [
    spec.Request(port, host, path, headers, is_grpc)
    for port in (80, 81)
    for host in ("com", "a.com", "b.com", "b.a.com", "q.a.com", "q")
    for path, is_grpc in (("/p.S/Get", True), ("/p.S/Fetch", True), ("/p.S/Get", False), ("/", False))
    for headers in ({}, {"x": "1"}, {"x": "2", "y": "1"})
]


@thoroughly
@given(openings, any_routes)
def test_every_request_gets_the_rule_of_the_spec(these: Any, given_routes: list[Object]) -> None:
    declared = owners(these)
    every = spec.doors(declared[0], declared[1:])
    config = result([*declared, *given_routes]).gateways[Key("default", "gw")].config or ProxyConfig()
    for request in requests:
        assert by_envoy(config, request) == spec.rule_for(request, given_routes, every), request


@thoroughly
@given(openings, any_routes)
def test_attachment_is_counted_and_told_as_the_spec_says(these: Any, given_routes: list[Object]) -> None:
    declared = owners(these)
    every = spec.doors(declared[0], declared[1:])
    translation = result([*declared, *given_routes])
    (outcome,) = translation.gateways.values()
    counts = {
        (each.verdict.listener_set or Key("", ""), each.verdict.listener.name): each.attached_routes
        for each in outcome.listeners
    }
    for door in every:
        kind, namespace, name = door.owner
        owner = Key(namespace, name) if kind == "ListenerSet" else Key("", "")
        assert counts[owner, door.listener["name"]] == len(spec.served_on(door, given_routes, every))
    told = {str(id_): parents for id_, parents in translation.routes.items()}
    for route in given_routes:
        served = [door for door in every if route in spec.served_on(door, given_routes, every)]
        parents = told.get("/".join(spec.identity(route)), ())
        for parent, reference in zip(parents, known(route, declared), strict=True):
            assert parent.is_accepted == any(spec.selects(reference, route, door) for door in served)


def known(route: Object, declared: Sequence[Object]) -> list[Object]:
    """The references to what is there."""
    there = {spec.identity(each) for each in declared}
    references = route["spec"]["parentRefs"]
    return [each for each in references if (each.get("kind", "Gateway"), "default", each["name"]) in there]


def by_envoy(config: ProxyConfig, request: spec.Request) -> str | None:
    """What Envoy does: the exact host, else the longest wildcard, else all; then the first route that matches."""
    chains = [chain for each in config.listeners if each.port == request.port for chain in each.chains]
    tables = [chain.route_table for chain in chains if isinstance(chain, HttpChain)]
    found = [
        (domain != "*", not domain.startswith("*"), len(domain), host)
        for table in config.route_tables
        if table.name in tables
        for host in table.hosts
        for domain in host.domains
        if spec.takes("" if domain == "*" else domain, request.host)
    ]
    if not found:
        return None
    *_, host = max(found, key=lambda each: each[:3])
    return next((each.name for each in host.routes if chosen(each, request)), None)


def chosen(route: Route, request: spec.Request) -> bool:
    match, path = route.match, route.match.path
    is_path = {
        "exact": request.path == path.value,
        "prefix": request.path == path.value.rstrip("/") or request.path.startswith(path.value.rstrip("/") + "/"),
        "regex": path.value in ("/p\\.S/[^/]+", "/[^/]+/[^/]+") and request.path.count("/") == 2,
    }[path.kind]
    return (
        is_path
        and (request.is_grpc or not match.grpc)
        and match.method in ("", "POST")
        and all(request.headers.get(each.name) == each.value for each in match.headers)
    )


# Weights: each reference has its share, whatever it leads to.

weighted = st.lists(st.tuples(st.sampled_from(["a", "b", "nobody"]), st.integers(0, 4)), max_size=4)


@given(weighted)
def test_each_reference_has_its_share(these: list[tuple[str, int]]) -> None:
    refs = [{"name": name, "port": 8080, "weight": weight} for name, weight in these]
    listeners = [{"name": "l", "port": 80, "protocol": "HTTP"}]
    gateway = made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": listeners})
    route = made("GRPCRoute", "one", "default", {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": refs}]})
    (outcome,) = result([gateway, route]).gateways.values()
    assert outcome.config is not None
    (only,) = outcome.config.route_tables[0].hosts[0].routes
    found: dict[str | None, int] = {}
    for each in only.action.backends:  # type: ignore[union-attr]
        found[each.backend] = found.get(each.backend, 0) + each.weight
    expected: dict[str | None, int] = {}
    for name, weight in these:
        backend = None if name == "nobody" else f"default/{name}:8080"
        expected[backend] = expected.get(backend, 0) + weight
    assert found == {backend: weight for backend, weight in expected.items() if weight}


# BackendTLSPolicy: which one counts for a port.

targets = st.lists(
    st.builds(
        lambda name, fields: {"group": "", "kind": "Service", "name": name, **fields},
        st.sampled_from(["a", "b"]),
        optional(sectionName=st.sampled_from(["grpc", "metrics"])),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: (each["name"], each.get("sectionName")),
)
policies = st.lists(st.tuples(names, targets, st.integers(1, 2)), max_size=3, unique_by=lambda each: each[0])


@given(policies)
def test_the_policy_for_the_port_goes_before_that_for_the_service_and_the_older_first(these: Any) -> None:
    listeners = [{"name": "l", "port": 80, "protocol": "HTTP"}]
    gateway = made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": listeners})
    places = (("a", 8080, "grpc"), ("b", 8080, "grpc"), ("b", 9090, "metrics"))
    refs = [{"name": name, "port": port} for name, port, _ in places]
    route = made("GRPCRoute", "one", "default", {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": refs}]})
    written = [
        made("BackendTLSPolicy", name, "default", {"targetRefs": wanted, "validation": validation(name)}, created)
        for name, wanted, created in these
    ]
    translation = result([gateway, route, *written])
    (outcome,) = translation.gateways.values()
    assert outcome.config is not None
    found = {each.name: each.tls and each.tls.server_name for each in outcome.config.backends}
    for name, port, section in places:
        assert found[f"default/{name}:{port}"] == by_the_spec(name, section, these)
    for key, ancestors in translation.policies.items():
        told = {each.reason for ancestor in ancestors for each in ancestor.conditions if each.type == "Accepted"}
        assert ("Conflicted" in told) == is_late(key.name, these)


def is_late(policy: str, these: Any) -> bool:
    """Whether an older policy, or of the same age one that comes first by name, has a target of this one."""
    ((created, wanted),) = [(created, wanted) for name, wanted, created in these if name == policy]
    others = [each for name, each, since in these if (since, name) < (created, policy)]
    return any(
        (mine["name"], mine.get("sectionName")) == (theirs["name"], theirs.get("sectionName"))
        for mine in wanted
        for each in others
        for theirs in each
    )


def validation(name: str) -> dict[str, Any]:
    return {"hostname": f"{name}.test", "wellKnownCACertificates": "System"}


def by_the_spec(service: str, port: str, these: Any) -> str | None:
    for section in (port, None):
        found = [
            (created, name)
            for name, wanted, created in these
            for each in wanted
            if (each["name"], each.get("sectionName")) == (service, section)
        ]
        if found:
            return f"{min(found)[1]}.test"
    return None
