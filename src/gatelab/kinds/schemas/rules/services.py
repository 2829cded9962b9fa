"""Services and EndpointSlices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules.metadata import label_problems, labels
from gatelab.kinds.schemas.rules.pods import port_name, port_number

_MOST_ENDPOINTS = 1000


def service(obj: Object, before: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    yield from labels(spec.get("selector") or {}, "spec.selector")
    if spec.get("type") == "ExternalName":
        if not spec.get("externalName"):
            yield problems.required("spec.externalName")
    elif not spec.get("ports") and spec.get("clusterIP") != "None":
        yield problems.required("spec.ports")
    if spec.get("clusterIP") == "None" and spec.get("type") in ("NodePort", "LoadBalancer"):
        rule = (
            "may not be set to 'None' for LoadBalancer services"
            if spec["type"] == "LoadBalancer"
            else ("may not be set to 'None' for NodePort services")
        )
        yield problems.invalid("spec.clusterIPs[0]", ["None"], rule)
    yield from _ports(spec.get("ports") or (), named=len(spec.get("ports") or ()) > 1)
    if before is not None:
        old, new = before["spec"].get("clusterIP"), spec.get("clusterIP")
        if old and new != old and spec.get("type") != "ExternalName" != before["spec"].get("type"):
            yield problems.invalid("spec.clusterIPs[0]", [new], "may not change once set")


def _ports(ports: Sequence[Mapping[str, Any]], *, named: bool) -> Iterator[Problem]:
    names: set[Any] = set()
    places: set[Any] = set()
    for index, each in enumerate(ports):
        path = f"spec.ports[{index}]"
        if name := each.get("name"):
            yield from label_problems(f"{path}.name", name)
            if name in names:
                yield problems.duplicate(f"{path}.name", name)
            names.add(name)
        elif named:
            yield problems.required(f"{path}.name")
        yield from port_number(f"{path}.port", each["port"])
        target = each.get("targetPort", each["port"])
        yield from (
            port_number(f"{path}.targetPort", target)
            if isinstance(target, int)
            else port_name(f"{path}.targetPort", str(target))
        )
        place = (each["port"], each.get("protocol", "TCP"))
        if place in places:
            yield problems.duplicate(path, {"port": place[0], "protocol": place[1]})
        places.add(place)


def endpoint_slice(obj: Object, before: Object | None) -> Iterator[Problem]:
    endpoints = obj.get("endpoints") or ()
    if len(endpoints) > _MOST_ENDPOINTS:
        yield problems.too_many("endpoints", len(endpoints), _MOST_ENDPOINTS)
    for index, each in enumerate(endpoints):
        if not each.get("addresses"):
            yield problems.required(f"endpoints[{index}].addresses", "must contain at least 1 address")
    for index, each in enumerate(obj.get("ports") or ()):
        if each.get("port") is not None:
            yield from port_number(f"ports[{index}].port", each["port"])
    if before is not None and before.get("addressType") != obj.get("addressType"):
        yield problems.invalid("addressType", obj.get("addressType"), "field is immutable")
