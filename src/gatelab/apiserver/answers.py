"""Answers: JSON bodies, Status objects for errors, warnings."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from gatelab.kinds.errors import ApiError, InternalError, Unauthorized

JSON = "application/json"

_WARNING = 1024
_ALL_WARNINGS = 16 * 1024
"""Characters of one warning, and of all in an answer. Clients bound the head of an answer, some at 64 KiB."""


def json(value: Any, *, status: int = 200, media_type: str = JSON, warnings: Sequence[str] = ()) -> Response:
    """A JSON answer."""
    return encoded(msgspec.json.encode(value), status=status, media_type=media_type, warnings=warnings)


def encoded(data: bytes, *, status: int = 200, media_type: str = JSON, warnings: Sequence[str] = ()) -> Response:
    """An answer that is JSON already. Warnings become headers, which kubectl prints."""
    response = Response(data, status_code=status, headers={"cache-control": "no-cache, private"})
    response.headers["content-type"] = media_type
    warn(response, *warnings)
    return response


def warn(response: Response, *warnings: str) -> None:
    """Adds `Warning` headers (RFC 7234) to the answer: no control characters, and no more than clients can take."""
    room = _ALL_WARNINGS - sum(len(each) for each in response.headers.getlist("warning"))
    for warning in warnings:
        plain = "".join(each if each.isprintable() else "?" for each in warning[:_WARNING])
        text = plain.replace("\\", "\\\\").replace('"', '\\"').encode("ascii", "replace").decode()
        room -= len(text)
        if room < 0:
            return
        response.headers.append("warning", f'299 - "{text}"')


def failure(error: ApiError) -> Response:
    """The error as the API tells it."""
    response = json(error.to_status(), status=error.code)
    if isinstance(error, Unauthorized):
        response.headers["www-authenticate"] = 'Bearer realm="gatelab"'
    return response


def unexpected() -> Response:
    """A bug of ours: said to be one, without its details, which are in the log."""
    return failure(InternalError("Internal error occurred: a bug of gatelab; the control plane's log has the details"))


def success(details: Mapping[str, Any]) -> dict[str, Any]:
    """The Status of something done."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": dict(details)}
