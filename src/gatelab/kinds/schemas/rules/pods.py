"""Pod specs: containers, ports, probes, volumes, resources."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.quantity import parse_quantity
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules.metadata import label_problems

Spec = Mapping[str, Any]

_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_ENV_NAME = re.compile(r"[^=\x00-\x1f\x7f]+")
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_UPDATABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates")
_FIXED = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def pod(obj: Object, before: Object | None) -> Iterator[Problem]:
    yield from pod_spec(obj.get("spec") or {}, "spec")
    if before is not None and _fixed(obj) != _fixed(before):
        yield problems.forbidden("spec", _FIXED)


def _fixed(obj: Object) -> Spec:
    """The part of a Pod's spec that an update must leave. A scheduler may name the node, once."""
    spec = {key: value for key, value in (obj.get("spec") or {}).items() if key not in _UPDATABLE}
    spec.pop("nodeName", None)
    for name in ("containers", "initContainers"):
        if name in spec:
            spec[name] = [{key: value for key, value in each.items() if key != "image"} for each in spec[name]]
    return spec


def pod_spec(spec: Spec, path: str) -> Iterator[Problem]:
    """What is wrong with a pod spec at the path."""
    if not spec.get("containers"):
        yield problems.required(f"{path}.containers")
    names: set[str] = set()
    volumes = {each.get("name") for each in spec.get("volumes") or ()}
    for field in ("initContainers", "containers"):
        for index, each in enumerate(spec.get(field) or ()):
            yield from _container(each, f"{path}.{field}[{index}]", volumes, is_init=field == "initContainers")
            if each.get("name") in names:
                yield problems.duplicate(f"{path}.{field}[{index}].name", each["name"])
            names.add(each.get("name"))
    yield from _volumes(spec.get("volumes") or (), f"{path}.volumes")
    if (grace := spec.get("terminationGracePeriodSeconds", 0)) < 0:
        yield problems.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than or equal to 0")


def _volumes(volumes: Sequence[Spec], path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, each in enumerate(volumes):
        yield from label_problems(f"{path}[{index}].name", each["name"])
        if each["name"] in seen:
            yield problems.duplicate(f"{path}[{index}].name", each["name"])
        seen.add(each["name"])


def _container(container: Spec, path: str, volumes: set[Any], *, is_init: bool) -> Iterator[Problem]:
    if not container.get("name"):
        yield problems.required(f"{path}.name")
    else:
        yield from label_problems(f"{path}.name", container["name"])
    if not container.get("image"):
        yield problems.required(f"{path}.image")
    yield from _ports(container.get("ports") or (), f"{path}.ports")
    for index, each in enumerate(container.get("env") or ()):
        if not _ENV_NAME.fullmatch(each["name"]):
            yield problems.invalid(f"{path}.env[{index}].name", each["name"], "a valid environment variable name")
        if each.get("value") and each.get("valueFrom"):
            rule = "may not be specified when `value` is not empty"
            yield problems.invalid(f"{path}.env[{index}].valueFrom", "", rule)
    for index, each in enumerate(container.get("volumeMounts") or ()):
        if each["name"] not in volumes:
            yield Problem(
                "FieldValueNotFound", f"{path}.volumeMounts[{index}].name", f"Not found: {problems.shown(each['name'])}"
            )
    for probe in _PROBES:
        if probe in container:
            yield from _probe(container[probe], f"{path}.{probe}", probe)
    yield from _resources(container.get("resources") or {}, f"{path}.resources")
    if is_init and container.get("restartPolicy") != "Always" and any(probe in container for probe in _PROBES):
        present = next(probe for probe in _PROBES if probe in container)
        yield problems.forbidden(f"{path}.{present}", "may not be set for init containers without restartPolicy=Always")


def _ports(ports: Sequence[Spec], path: str) -> Iterator[Problem]:
    names: set[str] = set()
    for index, each in enumerate(ports):
        here = f"{path}[{index}]"
        if name := each.get("name"):
            yield from port_name(f"{here}.name", name)
            if name in names:
                yield problems.duplicate(f"{here}.name", name)
            names.add(name)
        yield from port_number(f"{here}.containerPort", each["containerPort"])


def port_number(field: str, value: int) -> Iterator[Problem]:
    if not 1 <= value <= 65535:
        yield problems.invalid(field, value, "must be between 1 and 65535, inclusive")


def port_name(field: str, name: str) -> Iterator[Problem]:
    """A name of a container's port (RFC 6335): 15 characters at most, one letter at least."""
    if len(name) > 15:
        yield problems.invalid(field, name, "must be no more than 15 characters")
    elif not _PORT_NAME.fullmatch(name):
        yield problems.invalid(field, name, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")


def _probe(probe: Spec, path: str, name: str) -> Iterator[Problem]:
    handlers = [each for each in _HANDLERS if each in probe]
    if not handlers:
        yield problems.required(path, "must specify a handler type")
    for extra in handlers[1:]:
        yield problems.forbidden(f"{path}.{extra}", "may not specify more than 1 handler type")
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(field, 0) < 0:
            yield problems.invalid(f"{path}.{field}", probe[field], "must be greater than or equal to 0")
    if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        yield problems.invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")
    for handler in handlers:
        port = (probe[handler] or {}).get("port")
        if isinstance(port, int):
            yield from port_number(f"{path}.{handler}.port", port)
        elif handler in ("httpGet", "tcpSocket"):
            yield from port_name(f"{path}.{handler}.port", port or "")


def _resources(resources: Spec, path: str) -> Iterator[Problem]:
    for kind in ("limits", "requests"):
        for name, value in (resources.get(kind) or {}).items():
            if parse_quantity(value) < 0:
                yield problems.invalid(f"{path}.{kind}[{name}]", value, "must be greater than or equal to 0")
    limits = resources.get("limits") or {}
    for name, value in (resources.get("requests") or {}).items():
        if name in limits and parse_quantity(value) > parse_quantity(limits[name]):
            rule = f"must be less than or equal to {name} limit of {limits[name]}"
            yield problems.invalid(f"{path}.requests", value, rule)
