"""Who may ask: the bearer token, and protection from foreign web pages.

The API starts processes, so nothing but health is answered without the token. A browser on the same machine is a way
in: a page can send requests here under a name of its own (DNS rebinding), hence the check of Host and Origin.
"""

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gatelab.apiserver import answers
from gatelab.kinds.errors import ApiError, BadRequest, Forbidden, Unauthorized

OPEN_PATHS = frozenset({"/healthz", "/livez", "/readyz"})


class Guard:
    """ASGI middleware that lets pass whom it should."""

    def __init__(self, app: ASGIApp, *, token: str, hosts: frozenset[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (error := self._refusal(scope)) is not None:
            response = answers.failure(error)
            if isinstance(error, BadRequest):
                response.headers["connection"] = "close"  # Nobody knows what follows.
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ApiError | None:
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            return BadRequest("Content-Length and Transfer-Encoding contradict each other (RFC 9112, section 6.1)")
        host = headers.get("host", "")
        if _name(f"//{host}") not in self._hosts:
            return Forbidden(f"forbidden: the host {host!r} is not a name of this server")
        origin = headers.get("origin")
        if origin is not None and _name(origin) not in self._hosts:
            return Forbidden(f"forbidden: requests from web pages of {origin!r} are not accepted")
        if headers.get("sec-fetch-site") == "cross-site":
            return Forbidden("forbidden: requests from web pages of other sites are not accepted")
        if scope["path"] in OPEN_PATHS:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            return Unauthorized("Unauthorized")
        return _impersonation(headers)


def _impersonation(headers: Headers) -> Forbidden | None:
    """What a request as somebody else would be answered is not known here: roles are stored and not acted on."""
    names = [value for header, value in headers.items() if header.startswith("impersonate-")]
    if not names:
        return None
    return Forbidden(
        f'users "{names[0]}" is forbidden: gatelab does not impersonate, its one user may do everything; '
        "leave out --as and the Impersonate headers"
    )


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
