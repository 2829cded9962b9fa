"""The Gateway API's rules of attachment and precedence, and Kubernetes' rule of who serves behind a Service.

They are taken from the text one by one and without any haste.

Nothing here comes from what is tested: objects are the plain dictionaries that a user writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Door:
    """A listener, and the Gateway or ListenerSet that declares it."""

    owner: tuple[str, str, str]
    listener: Object

    @property
    def hostname(self) -> str:
        return str(self.listener.get("hostname", ""))


@dataclass(frozen=True)
class Request:
    port: int
    host: str
    path: str
    headers: dict[str, str]
    is_grpc: bool


def doors(gateway: Object, listener_sets: Iterable[Object]) -> list[Door]:
    """Of the Gateway, and of ListenerSets in its own namespace."""
    mine = [gateway]
    mine += [each for each in listener_sets if each["metadata"]["namespace"] == gateway["metadata"]["namespace"]]
    return [Door(identity(owner), listener) for owner in mine for listener in owner["spec"]["listeners"]]


def identity(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]


def takes(pattern: str, host: str) -> bool:
    """ "*.example.com" is one label or more before ".example.com", and not "example.com"; no hostname is all."""
    if pattern == "":
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host


def overlap(one: str, other: str) -> bool:
    """Whether some host is taken by both: tried with hosts made from both."""
    samples = [each.replace("*", label) for each in (one, other) for label in ("q", "q.q", "a", "b", "example")]
    return any(takes(one, host) and takes(other, host) for host in (*samples, "q.q"))


def own_hostnames(route: Object) -> list[str]:
    return route["spec"].get("hostnames") or [""]


def attached(route: Object, every: Sequence[Door]) -> list[Door]:
    """The listeners that the parentRefs select, and that take the kind, the namespace and one hostname at least."""
    return [
        door
        for door in every
        if any(selects(reference, route, door) for reference in route["spec"]["parentRefs"])
        and admits(door, route)
        and any(overlap(door.hostname, each) for each in own_hostnames(route))
    ]


def selects(reference: Object, route: Object, door: Door) -> bool:
    namespace = reference.get("namespace", route["metadata"]["namespace"])
    return (
        door.owner == (reference.get("kind", "Gateway"), namespace, reference["name"])
        and reference.get("sectionName", door.listener["name"]) == door.listener["name"]
        and reference.get("port", door.listener["port"]) == door.listener["port"]
    )


def admits(door: Door, route: Object) -> bool:
    allowed = door.listener.get("allowedRoutes", {})
    kinds = [each["kind"] for each in allowed.get("kinds", ())] or ["HTTPRoute", "GRPCRoute"]
    is_near = route["metadata"]["namespace"] == door.owner[1]
    return route["kind"] in kinds and (is_near or allowed.get("namespaces", {}).get("from", "Same") == "All")


def age(route: Object) -> tuple[str, str, str, str]:
    metadata = route["metadata"]
    return metadata["creationTimestamp"], metadata["namespace"], metadata["name"], route["kind"]


def served_on(door: Door, routes: Sequence[Object], every: Sequence[Door]) -> list[Object]:
    """Attached to the door, without those that give way to an older one of the other kind with a hostname in common."""
    accepted: list[Object] = []
    for route in sorted((each for each in routes if door in attached(each, every)), key=age):
        rivals = [each for each in accepted if each["kind"] != route["kind"]]
        if not any(_meet(door, route, rival) for rival in rivals):
            accepted.append(route)
    return accepted


def _meet(door: Door, one: Object, other: Object) -> bool:
    """On a host that the listener takes too: hosts are tried that all three are made of."""
    patterns = [door.hostname, *own_hostnames(one), *own_hostnames(other)]
    samples = {each.replace("*", label) for each in patterns for label in ("q", "q.q", "a", "b", "example")} | {"q.q"}
    return any(
        takes(door.hostname, host)
        and any(takes(each, host) for each in own_hostnames(one))
        and any(takes(each, host) for each in own_hostnames(other))
        for host in samples
        if host
    )


def rule_for(request: Request, routes: Sequence[Object], every: Sequence[Door]) -> str | None:
    """The rule that gets the request: of the one listener with the most specific hostname, by the best match."""
    possible = [each for each in every if each.listener["port"] == request.port and takes(each.hostname, request.host)]
    if not possible:
        return None
    door = max(
        possible, key=lambda each: (not each.hostname.startswith("*"), len(each.hostname)) if each.hostname else (0, 0)
    )
    best: list[tuple[Any, ...]] = []
    for route in served_on(door, routes, every):
        matching = [each for each in own_hostnames(route) if takes(each, request.host)]
        if not matching:
            continue
        exact = max((len(each) for each in matching if not each.startswith("*")), default=0)
        for number, rule in enumerate(route["spec"]["rules"]):
            for index, match in enumerate(rule["matches"]):
                rank = _grpc_rank(match, request) if route["kind"] == "GRPCRoute" else _http_rank(match, request)
                if rank is not None:
                    place = (*age(route)[:3], number, index)
                    name = f"{'/'.join(identity(route))}/rule-{number}/match-{index}"
                    best.append((-exact, -max(map(len, matching)), *(-each for each in rank), *place, name))
    return str(min(best)[-1]) if best else None


def _has(match: Object, request: Request) -> bool:
    return all(request.headers.get(each["name"]) == each["value"] for each in match.get("headers", ()))


def _grpc_rank(match: Object, request: Request) -> tuple[int, ...] | None:
    """Characters in a matching service, in a matching method, number of headers; None if it does not match."""
    _, service, method = request.path.split("/") if request.path.count("/") == 2 else ("", "", "")
    wanted = match.get("method", {})
    named = wanted.get("service", service) == service and wanted.get("method", method) == method
    if not (request.is_grpc and service and method and named and _has(match, request)):
        return None
    return len(wanted.get("service", "")), len(wanted.get("method", "")), len(match.get("headers", ()))


def _http_rank(match: Object, request: Request) -> tuple[int, ...] | None:
    """An exact path, characters of a prefix, a method, number of headers; None if it does not match."""
    path = match.get("path", {"type": "PathPrefix", "value": "/"})
    wanted = [each for each in path["value"].split("/") if each]
    is_exact = path["type"] == "Exact"
    is_taken = request.path == path["value"] if is_exact else request.path.split("/")[1:][: len(wanted)] == wanted
    method = match.get("method")
    if not (is_taken and method in (None, "POST") and _has(match, request)):
        return None
    return (
        int(is_exact),
        0 if is_exact else len("/".join(wanted)),
        int(method is not None),
        len(match.get("headers", ())),
    )


def servers(service: str, port: Object, slices: Iterable[Object]) -> set[tuple[str, int]]:
    """Who serves a port of a Service of namespace default: the ready ones; without any, those that end but still serve.

    "ready" that is not said is true, "serving" is then as "ready" is, "terminating" is false (EndpointConditions); of
    several addresses the first counts (Endpoint); a port that names no number is all of them, and so none.
    """
    found: dict[bool, set[tuple[str, int]]] = {True: set(), False: set()}
    for each in slices:
        metadata = each["metadata"]
        if metadata["labels"]["kubernetes.io/service-name"] != service or metadata["namespace"] != "default":
            continue
        same = (p["port"] for p in each["ports"] if (p["name"], p["protocol"]) == (port["name"], port["protocol"]))
        numbers = [number for number in same if number is not None and each["addressType"] != "FQDN"]
        for endpoint in each["endpoints"]:
            states = endpoint["conditions"]
            ready, ends = states.get("ready", True), states.get("terminating", False)
            if (ends and states.get("serving", ready)) or (not ends and ready):
                found[not ends] |= {(address, number) for address in endpoint["addresses"][:1] for number in numbers}
    return found[True] or found[False]
