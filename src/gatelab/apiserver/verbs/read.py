"""get and list."""

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target


async def get(context: Context, request: Request, target: Target) -> Response:
    """One object. `resourceVersion` is heeded by giving the newest, which is as new as any."""
    return views.one(request, target, context.store.get(target.kind, target.key), context.clock())


async def list_(context: Context, request: Request, target: Target) -> Response:
    """All objects at once: `limit` is a wish, and we have no need of it."""
    chosen = parameters.selection(request)
    fields = _with_name(target, chosen.fields)
    found, version = context.store.list(
        target.kind, namespace=target.namespace or None, selector=chosen.selector, fields=fields
    )
    return views.many(request, target, found, version, context.clock())


def _with_name(target: Target, fields: str | None) -> str | None:
    return f"{fields or ''},metadata.name={target.name}".lstrip(",") if target.name else fields
