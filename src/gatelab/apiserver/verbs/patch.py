"""patch: of an object or of its status."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import admission, bodies, parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.patches.json_patch import json_patched
from gatelab.apiserver.patches.strategic import strategic_patched
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs.write import replace
from gatelab.kinds.errors import BadRequest, UnsupportedMedia
from gatelab.kinds.merge_patch import merge_patched
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import catalogue

Patch = Callable[[Any], Any]

_JSON = "application/json-patch+json"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")


async def patch(context: Context, request: Request, target: Target) -> Response:
    """The patch is applied to the newest object, atomically; one that changes nothing makes no new version."""
    apply = await read_patch(request, target)
    validation = parameters.field_validation(request)

    def wanted(before: Object) -> tuple[dict[str, Any], list[str]]:
        return admission.decoded(target, apply(views.in_version(target, before)), validation)

    return await replace(context, request, target, wanted)


async def read_patch(request: Request, target: Target, schema: catalogue.Schema | None = None) -> Patch:
    """The request's patch as a function. Raises UnsupportedMedia for formats that the kind does not accept."""
    media = bodies.media_type(request)
    native = target.is_native
    accepted = (_JSON, _MERGE, _STRATEGIC) if native else (_JSON, _MERGE)
    if media in _APPLY:
        raise UnsupportedMedia(
            f"server-side apply ({media}) is not available here yet: use client-side apply, which is what "
            "`kubectl apply` does without --server-side"
        )
    if media not in accepted:
        raise bodies.unsupported(media, accepted)
    body = bodies.decoded(await bodies.read(request))
    if media == _JSON:
        return lambda before: json_patched(before, body)
    if not isinstance(body, dict):
        raise BadRequest("error decoding patch: it must be a JSON object")
    if media == _MERGE:
        return lambda before: merge_patched(before, body)
    shape = schema if schema is not None else target.schema
    return lambda before: strategic_patched(shape, before, body)
