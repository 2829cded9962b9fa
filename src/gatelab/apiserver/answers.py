"""Answers: JSON bodies, Status objects for errors, warnings."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from gatelab.kinds.errors import ApiError, InternalError

JSON = "application/json"


def json(value: Any, *, status: int = 200, media_type: str = JSON, warnings: Sequence[str] = ()) -> Response:
    """A JSON answer."""
    return encoded(msgspec.json.encode(value), status=status, media_type=media_type, warnings=warnings)


def encoded(data: bytes, *, status: int = 200, media_type: str = JSON, warnings: Sequence[str] = ()) -> Response:
    """An answer that is JSON already. Warnings become headers, which kubectl prints."""
    response = Response(data, status_code=status, headers={"cache-control": "no-cache, private"})
    response.headers["content-type"] = media_type
    for warning in warnings:
        warn(response, warning)
    return response


def warn(response: Response, warning: str) -> None:
    """Adds a `Warning` header (RFC 7234) to the answer."""
    text = warning.replace("\\", "\\\\").replace('"', '\\"').encode("ascii", "replace").decode()
    response.headers.append("warning", f'299 - "{text}"')


def failure(error: ApiError) -> Response:
    """The error as the API tells it."""
    return json(error.to_status(), status=error.code)


def unexpected() -> Response:
    """A bug of ours: said to be one, without its details, which are in the log."""
    return failure(InternalError("Internal error occurred: a bug of gatelab; the control plane's log has the details"))


def success(details: Mapping[str, Any]) -> dict[str, Any]:
    """The Status of something done."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": dict(details)}
