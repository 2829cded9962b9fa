"""The eviction subresource of Pods: `kubectl drain`."""

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import delete
from gatelab.kinds.errors import BadRequest


async def create(context: Context, request: Request, target: Target) -> Response:
    """Deletes the pod, with the `deleteOptions` of the policy/v1 Eviction.

    A PodDisruptionBudget keeps none: those are stored and not acted on. Raises BadRequest, Invalid, NotFound, Conflict.
    """
    body = await bodies.read_document(request)
    if not isinstance(body, dict) or body.get("kind", "Eviction") != "Eviction":
        raise BadRequest("the object provided is not an Eviction of policy/v1")
    metadata = body.get("metadata")
    named = metadata.get("name", target.name) if isinstance(metadata, dict) else target.name
    if named != target.name:
        raise BadRequest(f"the name of the Eviction ({named}) does not match the name on the URL ({target.name})")
    options = delete.options_of(body.get("deleteOptions"))
    await delete.delete_one(context, request, target, target.key, options)
    return answers.json(answers.success({}), status=201)
