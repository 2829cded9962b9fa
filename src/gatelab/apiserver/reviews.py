"""SelfSubjectReview, TokenReview, SelfSubjectAccessReview, SelfSubjectRulesReview: who am I, and may I.

One token, one user, who may do everything.
"""

import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies
from gatelab.apiserver.context import Context
from gatelab.kinds.errors import BadRequest

USER = {"username": "gatelab-admin", "groups": ["system:masters", "system:authenticated"]}


async def who(_: Context, request: Request) -> Response:
    """`kubectl auth whoami`. The question has no content, so its encoding does not matter."""
    await bodies.read(request)
    review = _review("authentication.k8s.io/v1", "SelfSubjectReview", {"status": {"userInfo": USER}})
    return answers.json(review, status=201)


async def whose(_: Context, request: Request) -> Response:
    """A token is that of the one who may ask at all, or nobody's. Raises BadRequest."""
    body = await bodies.read_document(request)
    spec = body.get("spec") if isinstance(body, dict) else None
    token = spec.get("token") if isinstance(spec, dict) else None
    if not isinstance(token, str) or not token:
        raise BadRequest("spec.token: Required value: the token to be reviewed")
    asking = request.headers.get("authorization", "").partition(" ")[2].strip()
    known = hmac.compare_digest(token.encode(), asking.encode())
    status = {"authenticated": True, "user": USER} if known else {"error": "the lab has one token, and not this one"}
    return answers.json(_review("authentication.k8s.io/v1", "TokenReview", {"status": status}), status=201)


async def may(_: Context, request: Request) -> Response:
    """`kubectl auth can-i`. The answer is yes whatever is asked."""
    await bodies.read(request)
    status = {"allowed": True, "reason": "the lab's token may do everything"}
    return answers.json(_review("authorization.k8s.io/v1", "SelfSubjectAccessReview", {"status": status}), status=201)


async def rules(_: Context, request: Request) -> Response:
    """`kubectl auth can-i --list`: everything."""
    await bodies.read(request)
    status = {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }
    return answers.json(_review("authorization.k8s.io/v1", "SelfSubjectRulesReview", {"status": status}), status=201)


def _review(api_version: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": api_version, "metadata": {}, "spec": {}, **content}
