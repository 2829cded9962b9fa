"""get and list."""

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import pages
from gatelab.kinds.errors import Expired


async def get(context: Context, request: Request, target: Target) -> Response:
    """One object. `resourceVersion` is heeded by giving the newest, which is as new as any."""
    return views.one(request, target, context.store.get(target.kind, target.key), context.clock())


async def list_(context: Context, request: Request, target: Target) -> Response:
    """The objects of now, or of the version asked for; in pieces where there is a `limit`.

    The newest state is as new as any, so `NotOlderThan` gives it, unless it asks for what has not happened yet.
    """
    wanted = pages.asked(request)
    chosen = parameters.selection(request, target)
    context.store.check_reached(wanted.reached)
    try:
        found, version = context.store.list(
            target.kind,
            namespace=target.namespace or None,
            selector=chosen.selector,
            fields=chosen.fields,
            at=wanted.version,
        )
    except Expired as error:
        raise pages.expired(wanted, error, context.store.version) from error
    page = pages.page(found, version, wanted, selected=not chosen.is_everything)
    return views.many(request, target, page.items, page.metadata, context.clock())
