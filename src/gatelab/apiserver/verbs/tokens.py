"""The token subresource of ServiceAccounts: `kubectl create token`."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.kinds.timestamps import to_rfc3339

_LIFE = timedelta(days=3650)
_WARNING = "the lab has one token, which may do everything and does not expire: this is it"


async def create(context: Context, request: Request, target: Target) -> Response:
    """The lab's token, which the client has shown already. Raises NotFound for an account that is not there."""
    account = context.store.get(target.kind, target.key)
    await bodies.read(request)
    token = request.headers["authorization"].partition(" ")[2]
    expires = to_rfc3339(context.clock() + _LIFE)
    review: dict[str, Any] = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": account.key.name, "namespace": account.key.namespace},
        "spec": {"audiences": [], "expirationSeconds": int(_LIFE.total_seconds())},
        "status": {"token": token, "expirationTimestamp": expires},
    }
    return answers.json(review, status=201, warnings=[_WARNING])
