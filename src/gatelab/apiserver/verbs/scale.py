"""The scale subresource: autoscaling/v1 Scale of Deployments, ReplicaSets and StatefulSets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies, parameters
from gatelab.apiserver.apply import applying
from gatelab.apiserver.apply.applying import Application
from gatelab.apiserver.apply.entries import Owner
from gatelab.apiserver.context import Context
from gatelab.apiserver.custom import objects as custom_objects
from gatelab.apiserver.tables.cells import at, selector_shown
from gatelab.apiserver.tables.table import table
from gatelab.apiserver.tables.workloads import scale_columns
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import ownership
from gatelab.apiserver.verbs.patch import APPLY, Patch, read_patch
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import catalogue, problems
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.store.versions import Subresource

_COPIED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class _Spec(msgspec.Struct, frozen=True):
    replicas: Annotated[int, msgspec.Meta(lt=2**31)] = 0


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str | None = None


class _Scale(msgspec.Struct, frozen=True):
    spec: _Spec = _Spec()
    metadata: _Metadata = _Metadata()


def scale_of(target: Target, obj: Object) -> dict[str, Any]:
    """The Scale of an object."""
    metadata = obj["metadata"]
    paths = _paths(target)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in _COPIED if field in metadata},
        "spec": {"replicas": at(obj, *paths.replicas) or 0},
        "status": {"replicas": at(obj, *paths.present) or 0, **_selector(paths, obj)},
    }


@dataclass(frozen=True, slots=True)
class _Paths:
    """Where the fields are that a Scale shows. `selector` is a string in custom objects, if they have one."""

    replicas: Sequence[str] = ("spec", "replicas")
    present: Sequence[str] = ("status", "replicas")
    selector: Sequence[str] = ("spec", "selector")


def _paths(target: Target) -> _Paths:
    custom = target.resource.custom
    if custom is None or custom.scale is None:
        return _Paths()
    named = (custom.scale.get(name, "") for name in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath"))
    return _Paths(*(path.strip(".").split(".") for path in named))


def _selector(paths: _Paths, obj: Object) -> dict[str, str]:
    found = at(obj, *paths.selector)
    if paths == _Paths():
        return {"selector": selector_shown(found)}
    return {"selector": found} if isinstance(found, str) and found else {}


def _with_field(obj: Object, path: Sequence[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    below = obj.get(first)
    return {**obj, first: _with_field(below if isinstance(below, dict) else {}, rest, value) if rest else value}


async def get(context: Context, request: Request, target: Target) -> Response:
    scale = scale_of(target, context.store.get(target.kind, target.key).object)
    if parameters.form(request) != "table":
        return answers.json(scale)
    version = {"resourceVersion": scale["metadata"]["resourceVersion"]}
    include = parameters.include_object(request)
    return answers.json(table(scale_columns(), [scale], version, context.clock(), include=include))


async def update(context: Context, request: Request, target: Target) -> Response:
    owner = ownership.owner(request, target, "UpdateOptions")
    body = await bodies.read_document(request)
    return await _write(context, request, target, lambda _: body, owner)


async def patch(context: Context, request: Request, target: Target) -> Response:
    if bodies.media_type(request) == APPLY:
        return await _apply(context, request, target)
    owner = ownership.owner(request, target, "PatchOptions")
    patched, _ = await read_patch(request, target, catalogue.kubernetes()["autoscaling_v1.Scale"])
    return await _write(context, request, target, patched, owner)


async def _write(context: Context, request: Request, target: Target, patched: Patch, owner: Owner) -> Response:
    def change(before: Object) -> Object:
        wanted = _read(target, patched(scale_of(target, before)))
        after = _wanted(target, before, wanted)
        return ownership.updated(context, target, before, after, owner)

    return await _changed(context, request, target, change)


async def _apply(context: Context, request: Request, target: Target) -> Response:
    """An applied Scale is its object's number of replicas, applied."""
    owner = ownership.owner(request, target, "PatchOptions", "Apply")
    scale = _read(target, (await bodies.applied(await bodies.read(request))).value)
    wanted = _wanted(target, {"metadata": {"name": target.name}}, scale)
    application = Application(wanted, owner, to_rfc3339(context.clock()), parameters.flag(request, "force"))
    return await _changed(context, request, target, lambda before: applying.applied(target.schema, before, application))


def _wanted(target: Target, obj: Object, scale: _Scale) -> dict[str, Any]:
    version = scale.metadata.resource_version
    metadata = {**obj["metadata"], **({"resourceVersion": version} if version else {})}
    return _with_field({**obj, "metadata": metadata}, _paths(target).replicas, scale.spec.replicas)


async def _changed(context: Context, request: Request, target: Target, change: Callable[[Object], Object]) -> Response:
    def judged(before: Object) -> Object:
        after = change(before)
        found = custom_objects.broken(target.resource, after, before, []) if target.resource.custom else ()
        if found:
            raise problems.refusal(target.kind, target.name, found)
        return after

    part: Subresource | None = None if target.resource.custom else "scale"
    dry_run = parameters.dry_run(request)
    stored = await context.store.modify(target.kind, target.key, judged, subresource=part, dry_run=dry_run)
    return answers.json(scale_of(target, stored.object))


def _read(target: Target, body: Any) -> _Scale:
    try:
        scale = msgspec.convert(body, _Scale)
    except msgspec.ValidationError as error:
        raise BadRequest(f"Scale cannot be read: {error}") from error
    if scale.spec.replicas < 0:
        wrong = problems.invalid("spec.replicas", scale.spec.replicas, "must be greater than or equal to 0")
        raise problems.refusal(target.kind, target.name, [wrong])
    return scale
