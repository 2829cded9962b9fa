"""create and update."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import admission, bodies, parameters, views
from gatelab.apiserver.apply.entries import Owner
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import ownership
from gatelab.kinds.objects import Object

Wanted = Callable[[Object], tuple[dict[str, Any], list[str]]]
"""The object before -> the one that the client wants, decoded, and warnings about it."""


async def create(context: Context, request: Request, target: Target) -> Response:
    owner = ownership.owner(request, target, "CreateOptions")
    body = await bodies.read_judged(request)
    obj, warnings = admission.decoded(target, body.value, parameters.field_validation(request), body.repeated)
    new = admission.for_creation(target, obj, warnings)
    complete = ownership.created(context, target, new, owner)
    stored = await context.store.create(target.kind, complete, dry_run=parameters.dry_run(request))
    return views.one(request, target, stored, context.clock(), status=201, warnings=warnings)


async def update(context: Context, request: Request, target: Target) -> Response:
    """The whole object, or its status."""
    owner = ownership.owner(request, target, "UpdateOptions")
    body = await bodies.read_judged(request)
    decoded = admission.decoded(target, body.value, parameters.field_validation(request), body.repeated)
    return await replace(context, request, target, lambda _: decoded, owner)


async def replace(context: Context, request: Request, target: Target, wanted: Wanted, owner: Owner) -> Response:
    """Puts what `wanted` makes of the newest object in its place, atomically; of its status, if that is the target."""
    warnings: list[str] = []
    is_status = target.subresource == "status"
    judge = admission.for_status if is_status else admission.for_update

    def change(before: Object) -> Object:
        obj, found = wanted(before)
        warnings.extend(found)
        after = judge(target, obj, before, warnings)
        return ownership.updated(context, target, before, after, owner)

    stored = await context.store.modify(
        target.kind,
        target.key,
        change,
        subresource="status" if is_status else None,
        dry_run=parameters.dry_run(request),
    )
    return views.one(request, target, stored, context.clock(), warnings=warnings)
