"""The scale subresource: autoscaling/v1 Scale of Deployments, ReplicaSets and StatefulSets."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies, parameters
from gatelab.apiserver.apply.entries import Owner
from gatelab.apiserver.context import Context
from gatelab.apiserver.tables.cells import selector_shown
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import ownership
from gatelab.apiserver.verbs.patch import Patch, read_patch
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import catalogue, problems

_COPIED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class _Spec(msgspec.Struct, frozen=True):
    replicas: Annotated[int, msgspec.Meta(lt=2**31)] = 0


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str | None = None


class _Scale(msgspec.Struct, frozen=True):
    spec: _Spec = _Spec()
    metadata: _Metadata = _Metadata()


def scale_of(obj: Object) -> dict[str, Any]:
    """The Scale of an object."""
    metadata = obj["metadata"]
    selector = selector_shown(obj["spec"].get("selector"))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in _COPIED if field in metadata},
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {"replicas": (obj.get("status") or {}).get("replicas", 0), "selector": selector},
    }


async def get(context: Context, _: Request, target: Target) -> Response:
    return answers.json(scale_of(context.store.get(target.kind, target.key).object))


async def update(context: Context, request: Request, target: Target) -> Response:
    owner = ownership.owner(request, target, "UpdateOptions")
    body = await bodies.read_document(request)
    return await _write(context, request, target, lambda _: body, owner)


async def patch(context: Context, request: Request, target: Target) -> Response:
    owner = ownership.owner(request, target, "PatchOptions")
    patched, _ = await read_patch(request, target, catalogue.kubernetes()["autoscaling_v1.Scale"])
    return await _write(context, request, target, patched, owner)


async def _write(context: Context, request: Request, target: Target, patched: Patch, owner: Owner) -> Response:
    def change(before: Object) -> Object:
        wanted = _read(target, patched(scale_of(before)))
        version = wanted.metadata.resource_version
        metadata = {**before["metadata"], **({"resourceVersion": version} if version else {})}
        after = {**before, "metadata": metadata, "spec": {**before["spec"], "replicas": wanted.spec.replicas}}
        return ownership.updated(context, target, before, after, owner)

    stored = await context.store.modify(
        target.kind, target.key, change, subresource="scale", dry_run=parameters.dry_run(request)
    )
    return answers.json(scale_of(stored.object))


def _read(target: Target, body: Any) -> _Scale:
    try:
        scale = msgspec.convert(body, _Scale)
    except msgspec.ValidationError as error:
        raise BadRequest(f"Scale cannot be read: {error}") from error
    if scale.spec.replicas < 0:
        wrong = problems.invalid("spec.replicas", scale.spec.replicas, "must be greater than or equal to 0")
        raise problems.refusal(target.kind, target.name, [wrong])
    return scale
