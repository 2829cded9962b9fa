"""The finalize subresource of namespaces: who writes `spec.finalizers`, which an update leaves as they are."""

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import bodies, parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import BadRequest


async def update(context: Context, request: Request, target: Target) -> Response:
    """An empty list lets a namespace that is being deleted go, whatever is still in it. Raises BadRequest."""
    body = await bodies.read_document(request)
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        raise BadRequest("the object provided is not a Namespace: it must be a JSON object with metadata")
    spec = body.get("spec", {})
    finalizers = spec.get("finalizers", []) if isinstance(spec, dict) else None
    if not isinstance(finalizers, list) or not all(isinstance(each, str) for each in finalizers):
        raise BadRequest("Namespace: spec.finalizers must be a list of names")
    stored = await context.store.modify(
        target.kind,
        target.key,
        lambda _: {"metadata": body["metadata"], "spec": {"finalizers": finalizers}},
        subresource="finalize",
        dry_run=parameters.dry_run(request),
    )
    return views.one(request, target, stored, context.clock())
