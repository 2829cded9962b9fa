"""The scale subresource: autoscaling/v1 Scale of Deployments and ReplicaSets."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies, parameters
from gatelab.apiserver.context import Context
from gatelab.apiserver.tables.cells import selector_shown
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs.patch import read_patch
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import catalogue, problems

_COPIED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


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
    body = await bodies.read_document(request)
    return await _write(context, request, target, lambda _: body)


async def patch(context: Context, request: Request, target: Target) -> Response:
    apply = await read_patch(request, target, catalogue.kubernetes()["autoscaling_v1.Scale"])
    return await _write(context, request, target, apply)


async def _write(context: Context, request: Request, target: Target, apply: Any) -> Response:
    def change(before: Object) -> Object:
        wanted = apply(scale_of(before))
        version = (wanted.get("metadata") or {}).get("resourceVersion") if isinstance(wanted, dict) else None
        metadata = {**before["metadata"], **({"resourceVersion": version} if version else {})}
        return {**before, "metadata": metadata, "spec": {**before["spec"], "replicas": _replicas(target, wanted)}}

    stored = await context.store.modify(
        target.kind, target.key, change, subresource="scale", dry_run=parameters.dry_run(request)
    )
    return answers.json(scale_of(stored.object))


def _replicas(target: Target, scale: Any) -> int:
    try:
        replicas = msgspec.convert((scale.get("spec") or {}).get("replicas", 0), int)
    except (msgspec.ValidationError, AttributeError):
        raise BadRequest("a Scale has spec.replicas, a number") from None
    if replicas < 0:
        wrong = problems.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise problems.refusal(target.kind, target.name, [wrong])
    return replicas
