"""create and update."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import admission, bodies, parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.kinds.objects import Object


async def create(context: Context, request: Request, target: Target) -> Response:
    body = await bodies.read_document(request)
    obj, warnings = admission.decoded(target, body, parameters.field_validation(request))
    complete = admission.for_creation(target, obj)
    stored = await context.store.create(target.kind, complete, dry_run=parameters.dry_run(request))
    return views.one(request, target, stored, context.clock(), status=201, warnings=warnings)


async def update(context: Context, request: Request, target: Target) -> Response:
    """The whole object, or its status."""
    body: Any = await bodies.read_document(request)
    obj, warnings = admission.decoded(target, body, parameters.field_validation(request))

    def change(before: Object) -> Object:
        judge = admission.for_status if target.subresource == "status" else admission.for_update
        return judge(target, obj, before)

    stored = await context.store.modify(
        target.kind,
        target.key,
        change,
        subresource="status" if target.subresource == "status" else None,
        dry_run=parameters.dry_run(request),
    )
    return views.one(request, target, stored, context.clock(), warnings=warnings)
