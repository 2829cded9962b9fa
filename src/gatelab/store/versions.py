"""What a write makes of an object: which fields the client decides, and which the server does.

Rules of the API conventions ("Metadata", "Spec and Status"): uid, creationTimestamp, deletionTimestamp and generation
are the server's; the status is written through its subresource only; generation counts changes of what is neither
metadata nor status.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from gatelab.kinds.builtin import NAMESPACE
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.store import refusals
from gatelab.store.stored import Stored

Subresource = Literal["status", "scale", "finalize"]

NAMESPACE_FINALIZER = "kubernetes"
_NAME_LABEL = "kubernetes.io/metadata.name"

_SERVER_OWNED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_NOT_STATED = ("metadata", "apiVersion", "kind")
_NOT_DESIRED = (*_NOT_STATED, "status")


def key_for(kind: Kind, obj: Object, name: str) -> Key:
    """The key under which a new object goes. Raises BadRequest for one without its namespace."""
    namespace = obj["metadata"].get("namespace") or ""
    if kind.namespaced and not namespace:
        raise refusals.homeless(kind, name)
    return Key(namespace if kind.namespaced else "", name)


def created(kind: Kind, obj: Object, key: Key, now: datetime) -> dict[str, Any]:
    """A new object, without its resourceVersion."""
    metadata = _present(obj["metadata"])
    for field in (*_SERVER_OWNED, "resourceVersion", "name", "namespace"):
        metadata.pop(field, None)
    names = {"name": key.name, "namespace": key.namespace} if key.namespace else {"name": key.name}
    server = {"uid": str(uuid.uuid4()), "creationTimestamp": to_rfc3339(now)}
    generation = {"generation": 1} if _has_generation(kind) else {}
    new = {**obj, **_type_of(kind), "metadata": {**names, **metadata, **server, **generation}}
    return _with_namespace_fields(new) if kind == NAMESPACE else new


def updated(kind: Kind, before: Stored, obj: Object, subresource: Subresource | None) -> dict[str, Any]:
    """What an update makes of `before`; equal to `before.object` when nothing changes. Raises ApiError."""
    _check_identity(kind, before, obj)
    if subresource == "status":
        return _with_owners(_with_status(before.object, obj), obj)
    if subresource == "scale":
        scaled = {**before.object, "spec": _scaled(kind, before, obj)}
        return _counted(kind, before, _with_owners(scaled, obj))
    if subresource == "finalize":
        return {**before.object, "spec": {**before.object["spec"], "finalizers": obj["spec"]["finalizers"]}}
    new = {**obj, **_type_of(kind), "metadata": _updated_metadata(kind, before, obj)}
    if kind.has_status:
        new = _with_status(new, before.object)
    if kind == NAMESPACE:
        new = {**new, "spec": before.object["spec"]}
        new = _with_namespace_fields(new)
    return _counted(kind, before, new)


def marked(kind: Kind, before: Stored, deletion: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with the metadata of a deletion that was asked for. It counts as a change, as behaviour changes."""
    metadata = {**before.metadata, **deletion}
    if _has_generation(kind) and "deletionTimestamp" not in before.metadata:
        metadata["generation"] = metadata.get("generation", 0) + 1
    new = {**before.object, "metadata": metadata}
    if kind == NAMESPACE:
        new["status"] = {**(new.get("status") or {}), "phase": "Terminating"}
    return new


def _type_of(kind: Kind) -> dict[str, str]:
    return {"apiVersion": kind.api_version, "kind": kind.name}


def _present(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in metadata.items() if value is not None}


def _with_status(obj: Object, source: Object) -> dict[str, Any]:
    new = {field: value for field, value in obj.items() if field != "status"}
    if source.get("status") is not None:
        new["status"] = source["status"]
    return new


def _with_owners(obj: dict[str, Any], source: Object) -> dict[str, Any]:
    """Every write has its say in who owns which field, also one of a part of the object."""
    owners = (source.get("metadata") or {}).get("managedFields")
    if owners is None:
        return obj
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": {**metadata, "managedFields": owners} if owners else metadata}


def _check_identity(kind: Kind, before: Stored, obj: Object) -> None:
    metadata = obj.get("metadata") or {}
    if metadata.get("name", before.key.name) != before.key.name:
        raise refusals.renamed(before.key, metadata["name"])
    if kind.namespaced and (metadata.get("namespace") or before.key.namespace) != before.key.namespace:
        raise refusals.renamed(before.key, f"{metadata['namespace']}/{before.key.name}")
    version = metadata.get("resourceVersion")
    if version and version != str(before.version):
        raise refusals.stale(kind, before.key)
    uid = metadata.get("uid")
    if uid and uid != before.uid:
        raise refusals.other_uid(kind, before.key, uid, before.uid)


def _updated_metadata(kind: Kind, before: Stored, obj: Object) -> dict[str, Any]:
    names = {"name": before.key.name}
    if before.key.namespace:
        names["namespace"] = before.key.namespace
    server = {field: before.metadata[field] for field in _SERVER_OWNED if field in before.metadata}
    client = _present(obj.get("metadata") or {})
    for field in (*_SERVER_OWNED, "namespace"):
        client.pop(field, None)
    _check_finalizers(kind, before, client)
    return {**client, **names, **server, "resourceVersion": str(before.version)}


def _check_finalizers(kind: Kind, before: Stored, metadata: Mapping[str, Any]) -> None:
    if "deletionTimestamp" not in before.metadata:
        return
    new = sorted(set(metadata.get("finalizers") or ()) - set(before.metadata.get("finalizers") or ()))
    if new:
        message = (
            "Forbidden: no new finalizers can be added if the object is being deleted, "
            f"found new finalizers {', '.join(new)}"
        )
        raise refusals.invalid(kind, before.key.name, "metadata.finalizers", message)


def _scaled(kind: Kind, before: Stored, obj: Object) -> dict[str, Any]:
    replicas = (obj.get("spec") or {}).get("replicas")
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        field = "Invalid value: must be a number, zero or more"
        raise refusals.invalid(kind, before.key.name, "spec.replicas", field)
    return {**before.object.get("spec", {}), "replicas": replicas}


def _counted(kind: Kind, before: Stored, new: dict[str, Any]) -> dict[str, Any]:
    if not _has_generation(kind) or _desired(kind, new) == _desired(kind, before.object):
        return new
    generation = before.metadata.get("generation", 0) + 1
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def _has_generation(kind: Kind) -> bool:
    return kind.has_status or kind.is_custom


def _desired(kind: Kind, obj: Object) -> dict[str, Any]:
    aside = _NOT_DESIRED if kind.has_status else _NOT_STATED
    return {field: value for field, value in obj.items() if field not in aside}


def _with_namespace_fields(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), _NAME_LABEL: metadata["name"]}
    spec = obj.get("spec") or {}
    if not isinstance(spec, Mapping):
        raise BadRequest("Namespace: spec must be an object")
    spec = {**spec, "finalizers": spec.get("finalizers") or [NAMESPACE_FINALIZER]}
    status = {"phase": "Active", **(obj.get("status") or {})}
    return {**obj, "metadata": {**metadata, "labels": labels}, "spec": spec, "status": status}
