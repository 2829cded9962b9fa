"""The part of an object whose fields have owners."""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.objects import Object

_SERVER_OWNED = frozenset(
    {"name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"}
)


def tracked(obj: Object) -> dict[str, Any]:
    """The object without its names, and without what only the server writes."""
    found = {name: value for name, value in obj.items() if name not in ("apiVersion", "kind", "metadata")}
    metadata = {name: value for name, value in (obj.get("metadata") or {}).items() if name not in _SERVER_OWNED}
    return {**found, "metadata": metadata} if metadata else found


def with_managed_fields(obj: Object, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """The object with these entries; with none, without the field."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    if listed:
        metadata["managedFields"] = listed
    return {**obj, "metadata": metadata}


def zero(obj: Object, *, is_native: bool) -> dict[str, Any]:
    """What was there of an object before it was made: of a native one, the structs that its Go type always has.

    Nobody comes to own the `spec` of a Deployment itself, or its list of containers, by creating it.
    """
    nothing: dict[str, Any] = {"metadata": {}} if "metadata" in obj else {}
    spec = obj.get("spec")
    return {**nothing, "spec": _zero_spec(spec)} if is_native and isinstance(spec, Mapping) else nothing


def _zero_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: {} for name in ("strategy", "updateStrategy") if name in spec}
    if "containers" in spec:
        found["containers"] = []
    template = spec.get("template")
    if isinstance(template, Mapping):
        found["template"] = {"metadata": {}, "spec": _zero_spec(template.get("spec") or {})}
    return found
