"""patch: of an object or of its status."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import admission, bodies, parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.patches.json_patch import json_patched
from gatelab.apiserver.patches.strategic import strategic_patched
from gatelab.apiserver.request_meter import asked
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import apply, ownership
from gatelab.apiserver.verbs.write import replace
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.merge_patch import merge_patched
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import catalogue

Patch = Callable[[Any], Any]

_JSON = "application/json-patch+json"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


async def patch(context: Context, request: Request, target: Target) -> Response:
    """The patch is applied to the newest object, atomically; one that changes nothing makes no new version."""
    if bodies.media_type(request) == APPLY:
        asked(request.scope).applies = True
        return await apply.apply(context, request, target)
    owner = ownership.owner(request, target, "PatchOptions")
    patched, repeated = await read_patch(request, target)
    validation = parameters.field_validation(request)

    def wanted(before: Object) -> tuple[dict[str, Any], list[str]]:
        return admission.decoded(target, patched(views.in_version(target, before)), validation, repeated)

    return await replace(context, request, target, wanted, owner)


async def read_patch(
    request: Request, target: Target, schema: catalogue.Schema | None = None
) -> tuple[Patch, Sequence[str]]:
    """The request's patch as a function, and complaints about it. Raises UnsupportedMedia, BadRequest."""
    media = bodies.media_type(request)
    native = target.is_native
    accepted = (_JSON, _MERGE, _STRATEGIC, APPLY) if native else (_JSON, _MERGE, APPLY)
    if media not in accepted or media == APPLY:
        raise bodies.unsupported(accepted)
    body, repeated = await bodies.judged(await bodies.read(request))
    if media == _JSON:
        return lambda before: _shallow(json_patched(before, body)), ()
    if not isinstance(body, dict):
        raise BadRequest("error decoding patch: it must be a JSON object")
    if media == _MERGE:
        return lambda before: merge_patched(before, body), repeated
    shape = schema if schema is not None else target.schema
    return lambda before: strategic_patched(shape, before, body), repeated


def _shallow(patched: Any) -> Any:
    """A JSON patch may put deep values into deep places, time and again."""
    bodies.check_depth(patched)
    return patched
