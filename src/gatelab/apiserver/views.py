"""Objects in the form and version that a client asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, parameters
from gatelab.apiserver.custom import objects as custom_objects
from gatelab.apiserver.tables.table import partial, table
from gatelab.apiserver.target import Target
from gatelab.kinds.objects import Object
from gatelab.store import Stored


def data_of(target: Target, stored: Stored) -> bytes:
    """The object as JSON, in the version asked for. Versions of a built-in kind differ in `apiVersion` only."""
    if target.resource.custom is None and target.version == target.kind.version:
        return stored.data
    shown = in_version(target, stored.object)
    return stored.data if shown == stored.object else msgspec.json.encode(shown)


def in_version(target: Target, obj: Object) -> Object:
    if target.resource.custom is not None:
        return custom_objects.shown(target.resource, obj)
    return obj if target.version == target.kind.version else {**obj, "apiVersion": target.api_version}


def one(
    request: Request, target: Target, stored: Stored, now: datetime, *, status: int = 200, warnings: Sequence[str] = ()
) -> Response:
    """The answer that is one object."""
    form = parameters.form(request)
    if form == "object":
        return answers.encoded(data_of(target, stored), status=status, warnings=warnings)
    obj = in_version(target, stored.object)
    value = (
        table(target.resource.columns, [obj], _version(stored), now, include=parameters.include_object(request))
        if form == "table"
        else partial(obj)
    )
    return answers.json(value, status=status, warnings=warnings)


def _version(stored: Stored) -> dict[str, str]:
    return {"resourceVersion": str(stored.version)}


def many(
    request: Request, target: Target, found: Sequence[Stored], metadata: Mapping[str, Any], now: datetime
) -> Response:
    """The answer that is a list, with this `ListMeta`."""
    form = parameters.form(request)
    if form == "object":
        return answers.encoded(_list(target, found, metadata))
    objects = (in_version(target, each.object) for each in found)
    if form == "table":
        include = parameters.include_object(request)
        return answers.json(table(target.resource.columns, objects, metadata, now, include=include))
    return answers.json(
        {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": dict(metadata),
            "items": [partial(each) for each in objects],
        }
    )


def _list(target: Target, found: Sequence[Stored], metadata: Mapping[str, Any]) -> bytes:
    """A list put together from objects that are encoded already."""
    head = f'{{"kind":"{target.kind.list_name}","apiVersion":"{target.api_version}","metadata":'.encode()
    head += msgspec.json.encode(metadata) + b',"items":['
    return head + b",".join(data_of(target, each) for each in found) + b"]}"


def event(request: Request, target: Target, type_: str, stored: Stored, now: datetime, *, headed: bool) -> bytes:
    """One line of a watch."""
    form = parameters.form(request)
    if form == "object":
        return b'{"type":"' + type_.encode() + b'","object":' + data_of(target, stored) + b"}\n"
    obj = in_version(target, stored.object)
    value: dict[str, Any] = partial(obj)
    if form == "table":
        include = parameters.include_object(request)
        value = table(target.resource.columns, [obj], _version(stored), now, include=include, headed=headed)
    return msgspec.json.encode({"type": type_, "object": value}) + b"\n"
