"""What is wrong in a lab after everything has settled: in statuses, in Envoys, in logs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wild_run import OURS, WildRun, admin

IN_USE = "Address already in use"
"""A listener that comes back before the workers have closed the sockets of its predecessor: it is tried again."""
ROUTES = ("httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes")


def unanswered(run: WildRun) -> list[str]:
    """What of our Gateways and of what is attached to them has no answer of its present generation."""
    gateways = {_key(each): each for each in run.objects("gateways") if each["spec"]["gatewayClassName"] == OURS}
    sets = {_key(each): each for each in run.objects("listenersets") if _gateway_of(each) in gateways}
    found: list[str] = []
    for each in (*gateways.values(), *sets.values()):
        found += _open(each, each.get("status", {}).get("conditions", ()), ("Accepted", "Programmed"))
    for each in gateways.values():
        found += _open_listeners(each)
    for plural in ROUTES:
        for route in run.objects(plural):
            found += _open_parents(route, gateways, sets)
    for policy in run.objects("backendtlspolicies"):
        for ancestor in policy.get("status", {}).get("ancestors", ()):
            found += _open(policy, ancestor["conditions"], ("Accepted",))
    return found


def _key(obj: dict[str, Any]) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _gateway_of(listener_set: dict[str, Any]) -> tuple[str, str]:
    parent = listener_set["spec"]["parentRef"]
    return parent.get("namespace", listener_set["metadata"]["namespace"]), parent["name"]


def _open(obj: dict[str, Any], conditions: Any, wanted: tuple[str, ...], where: str = "") -> Iterator[str]:
    name = f"{obj['kind']} {'/'.join(_key(obj))}{where}"
    for type_ in wanted:
        if all(each["type"] != type_ for each in conditions):
            yield f"{name} has no {type_}"
    for each in conditions:
        if each["status"] == "Unknown" or each["reason"] == "Pending":
            yield f"{name}: {each['type']} {each['status']} {each['reason']}: {each['message']}"
        seen = each.get("observedGeneration")  # The default of the upstream definitions has none.
        if seen != obj["metadata"]["generation"]:
            yield f"{name}: {each['type']} is of generation {seen}"


def _open_listeners(obj: dict[str, Any]) -> Iterator[str]:
    told = {each["name"]: each["conditions"] for each in obj.get("status", {}).get("listeners", ())}
    for listener in obj["spec"]["listeners"]:
        wanted = ("Accepted", "Programmed", "ResolvedRefs", "Conflicted")
        yield from _open(obj, told.get(listener["name"], ()), wanted, f" listener {listener['name']}")


def _open_parents(route: dict[str, Any], gateways: Any, sets: Any) -> Iterator[str]:
    ours = [each for each in route.get("status", {}).get("parents", ()) if "gatelab" in each["controllerName"]]
    for reference in route["spec"].get("parentRefs", ()):
        key = (reference.get("namespace", route["metadata"]["namespace"]), reference["name"])
        known = {"Gateway": gateways, "ListenerSet": sets}.get(reference["kind"], {})
        if reference.get("group") == "gateway.networking.k8s.io" and key in known:
            found = [each["conditions"] for each in ours if each["parentRef"] == reference]
            yield from _open(route, found[0] if found else (), ("Accepted", "ResolvedRefs"), f" at {reference}")


def standing_in_envoys(run: WildRun) -> list[str]:
    """What an Envoy has refused and not got rid of."""
    return [fault for path in run.envoys() for fault in _refused(json.loads(admin(path, "/config_dump")))]


def _refused(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "error_state" in value:
            yield json.dumps(value["error_state"])[:2000]
        for each in value.values():
            yield from _refused(each)
    elif isinstance(value, list):
        for each in value:
            yield from _refused(each)


def restarts(run: WildRun) -> list[str]:
    """Containers that have ended and were started again: an Envoy must outlive whatever it is told."""
    pods = run.api("GET", "/api/v1/pods").body["items"]
    return [
        f"{each['metadata']['name']}: {status}"
        for each in pods
        for status in each.get("status", {}).get("containerStatuses", ())
        if status.get("restartCount")
    ]


def logged_faults(run: WildRun) -> list[str]:
    """Tracebacks, errors and what Envoys refused, in the logs of the lab's own processes."""
    files = [*run.folder.glob("*.stderr"), *run.folder.glob("gatelab/*/logs/*.log*")]
    return [f"{file.name}: {line}" for file in files for line in _faults(file)]


def _faults(file: Path) -> Iterator[str]:
    lines = file.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if re.search(r"Traceback|\bERROR\b|\"level\": ?\"error\"|Exception", line):
            yield "\n".join(lines[number : number + 30])
        elif " rejected " in line and IN_USE not in line:
            yield line
