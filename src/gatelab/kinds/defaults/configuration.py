"""Defaults of Secrets, Namespaces and Events."""

from base64 import b64encode
from typing import Any

from gatelab.kinds.objects import Object


def secret(obj: Object) -> dict[str, Any]:
    """`stringData`, which is only ever written, becomes part of `data`."""
    plain = {key: b64encode(value.encode()).decode() for key, value in (obj.get("stringData") or {}).items()}
    result = {key: value for key, value in obj.items() if key != "stringData"}
    if plain:
        result["data"] = {**(obj.get("data") or {}), **plain}
    return {**result, "type": obj.get("type") or "Opaque"}


def namespace(obj: Object) -> dict[str, Any]:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata.get("name", "")}
    spec = {"finalizers": ["kubernetes"], **(obj.get("spec") or {})}
    return {
        **obj,
        "metadata": {**metadata, "labels": labels},
        "spec": spec,
        "status": {"phase": "Active", **(obj.get("status") or {})},
    }


def event(obj: Object) -> dict[str, Any]:
    return {"source": {}, **obj}
