"""What in a lab is not as it should be, from the objects' own conditions: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gatelab.cli.lab_objects import ROUTES, Objects
from gatelab.cli.names import parents
from gatelab.cli.status.report import Problem
from gatelab.kinds.builtin import (
    CERTIFICATE,
    CLUSTER_ISSUER,
    DAEMON_SET,
    DEPLOYMENT,
    GATEWAY,
    GATEWAY_CLASS,
    ISSUER,
    LISTENER_SET,
    POD,
    STATEFUL_SET,
)
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object, is_being_deleted

KINDS = (
    GATEWAY_CLASS,
    GATEWAY,
    LISTENER_SET,
    *ROUTES,
    CERTIFICATE,
    ISSUER,
    CLUSTER_ISSUER,
    DEPLOYMENT,
    STATEFUL_SET,
    DAEMON_SET,
    POD,
)

_GOOD = ("Accepted", "Programmed", "ResolvedRefs", "Ready", "Available")
"""Conditions that should be True (Gateway API GEP-1364, cert-manager, apps/v1)."""
_BAD = ("Conflicted", "PartiallyInvalid", "ReplicaFailure")
"""Conditions that should not."""
_COUNTS: Mapping[Kind, tuple[tuple[str, str], tuple[str, str]]] = {
    DEPLOYMENT: (("spec", "replicas"), ("status", "readyReplicas")),
    STATEFUL_SET: (("spec", "replicas"), ("status", "readyReplicas")),
    DAEMON_SET: (("status", "desiredNumberScheduled"), ("status", "numberReady")),
}
_UNSEEN: Mapping[Kind, str] = {
    GATEWAY: "is there a GatewayClass of its gatewayClassName?",
    LISTENER_SET: "does its parentRef name a Gateway that is there?",
    CERTIFICATE: "it is new, or stuck",
}
"""What to ask where an object has no conditions."""
_STARTING = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True, slots=True)
class Finder:
    """`gatelab` is the command line of the lab, such as `gatelab`, or `GATELAB_NAME=other gatelab`."""

    gatelab: str = "gatelab"

    def find(self, objects: Objects) -> list[Problem]:
        """Every problem of every object that is not on its way out."""
        return [
            problem
            for kind in KINDS
            for obj in objects.get(kind) or ()
            if not is_being_deleted(obj)
            for problem in self._of(kind, obj)
        ]

    def _of(self, kind: Kind, obj: Object) -> Iterable[Problem]:
        if kind == POD:
            yield from self._of_pod(obj)
        elif kind in ROUTES:
            yield from self._of_route(kind, obj)
        else:
            yield from self._of_conditions(kind, obj, obj.get("status") or {})
            if kind in (GATEWAY, LISTENER_SET):
                for listener in (obj.get("status") or {}).get("listeners") or ():
                    yield from self._of_conditions(kind, obj, listener, f"listener {listener['name']}: ")
            if kind in _COUNTS:
                yield from self._of_counts(kind, obj)

    def _of_conditions(self, kind: Kind, obj: Object, status: Mapping[str, Any], part: str = "") -> Iterable[Problem]:
        for each in status.get("conditions") or ():
            type_, value = each.get("type", ""), each.get("status")
            if (type_ in _GOOD and value != "True") or (type_ in _BAD and value == "True"):
                yield self._problem(
                    kind, obj, f"{part}{type_} is {value} ({each.get('reason', '')})", each.get("message", "")
                )
        if kind in _UNSEEN and not status.get("conditions") and not part:
            yield self._problem(kind, obj, "nobody has looked at it", _UNSEEN[kind])

    def _of_route(self, kind: Kind, obj: Object) -> Iterable[Problem]:
        taken = parents(obj)
        if not taken:
            yield self._problem(kind, obj, "no Gateway has looked at it", "do its parentRefs name one that is there?")
        for parent in taken:
            reference = parent.get("parentRef")
            name = reference.get("name", "") if isinstance(reference, dict) else ""
            yield from self._of_conditions(kind, obj, parent, f"at {name}: ")

    def _of_counts(self, kind: Kind, obj: Object) -> Iterable[Problem]:
        wanted, ready = (_at(obj, path, default) for path, default in zip(_COUNTS[kind], (1, 0), strict=True))
        if ready < wanted:
            yield self._problem(kind, obj, f"{ready} of {wanted} pods are ready", "")

    def _of_pod(self, pod: Object) -> Iterable[Problem]:
        status = pod.get("status") or {}
        waiting = list(_waiting(status))
        for container, reason, message in waiting:
            yield self._problem(POD, pod, f"container {container} waits ({reason})", message)
        phase = status.get("phase", "Pending")
        if phase == "Failed":
            yield self._problem(
                POD, pod, f"failed ({status.get('reason', '')})".replace(" ()", ""), status.get("message", "")
            )
        elif phase != "Succeeded" and not waiting:
            for each in status.get("conditions") or ():
                if each.get("type") == "Ready" and each.get("status") != "True":
                    yield self._problem(
                        POD, pod, f"is not ready ({each.get('reason', phase)})", each.get("message", "")
                    )

    def _problem(self, kind: Kind, obj: Object, what: str, message: str) -> Problem:
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        name = f"{namespace}/{metadata['name']}" if namespace else metadata["name"]
        option = f"-n {namespace} " if namespace else ""
        look = f"{self.gatelab} kubectl {option}describe {kind.singular} {metadata['name']}"
        return Problem(f"{kind.name} {name}", what, message, look)


def _waiting(status: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Container, reason and message of those that wait for something that may never come."""
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or ():
            state = (container.get("state") or {}).get("waiting") or {}
            if state.get("reason", "") not in ("", *_STARTING):
                yield container["name"], state["reason"], state.get("message", "")


def _at(obj: Object, path: tuple[str, str], default: int) -> int:
    found = (obj.get(path[0]) or {}).get(path[1])
    return found if isinstance(found, int) else default
