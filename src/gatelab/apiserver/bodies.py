"""Reading what clients send: bounded in size and depth, JSON, YAML or protobuf, never a surprise further in."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request

from gatelab.apiserver import repeated_fields
from gatelab.kinds.errors import ApiError, BadRequest, TooLarge, UnsupportedMedia

LIMIT_BYTES = 3 * 1024 * 1024
"""The limit of Kubernetes' API server."""

_DEEPEST = 100
_LONG_BYTES = 64 * 1024
"""From this on a body is read in a thread, so that nobody waits for it."""
_JSON = ("", "application/json", "text/json")
PROTOBUF = "application/vnd.kubernetes.protobuf"
_YAML = ("application/yaml", "text/yaml", "application/x-yaml")


class Body(NamedTuple):
    """What a client sent. `repeated` tells of each field that is there twice."""

    value: Any
    repeated: Sequence[str] = ()


async def read(request: Request) -> bytes:
    """The body. Raises TooLarge beyond 3 MiB, without reading on."""
    size, chunks = 0, []
    async for chunk in request.stream():
        size += len(chunk)
        if size > LIMIT_BYTES:
            raise TooLarge(f"the request body is larger than {LIMIT_BYTES} bytes; split it into several requests")
        chunks.append(chunk)
    return b"".join(chunks)


def media_type(request: Request) -> str:
    """The request's content type, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_document(request: Request) -> Any:
    """The body as JSON data, from JSON, YAML or Kubernetes' protobuf. Raises UnsupportedMedia for anything else."""
    return (await read_judged(request)).value


async def read_judged(request: Request) -> Body:
    """The body as `read_document` gives it, and the fields that it gives twice."""
    media = media_type(request)
    if media == PROTOBUF:
        return Body(_from_protobuf(await read(request)))
    if media not in (*_JSON, *_YAML):
        raise unsupported(("application/json", "application/yaml", PROTOBUF))
    return await judged(await read(request), is_yaml=media in _YAML)


async def applied(data: bytes) -> Body:
    """`judged`, of JSON or of YAML: an apply says YAML and mostly is JSON, which is read a hundred times faster."""
    return await judged(data, is_yaml=data.lstrip()[:1] != b"{")


async def judged(data: bytes, *, is_yaml: bool = False) -> Body:
    """`decoded`, and the fields that are given twice."""
    if len(data) < _LONG_BYTES:
        return _judged(data, is_yaml=is_yaml)
    return await asyncio.to_thread(_judged, data, is_yaml=is_yaml)


def _judged(data: bytes, *, is_yaml: bool) -> Body:
    value = decoded(data, is_yaml=is_yaml)
    return Body(value, repeated_fields.in_yaml(data) if is_yaml else repeated_fields.in_json(data))


def unsupported(accepted: tuple[str, ...]) -> ApiError:
    """The error for a content type, worded as the API words it."""
    types = ", ".join(accepted)
    return UnsupportedMedia(f"the body of the request was in an unknown format - accepted media types include: {types}")


def decoded(data: bytes, *, is_yaml: bool = False) -> Any:
    """JSON or YAML as plain data. Raises BadRequest, which says where it cannot be read."""
    try:
        value = _from_yaml(data) if is_yaml else msgspec.json.decode(data)
    except RecursionError:
        raise BadRequest(f"the body is nested deeper than {_DEEPEST} levels") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BadRequest(f"the object provided is unrecognized (must be of type JSON or YAML): {error}") from error
    check_depth(value)
    return value


def _from_yaml(data: bytes) -> Any:
    from gatelab.apiserver import yaml_bodies  # Few clients send YAML: kubectl turns it into JSON.

    return yaml_bodies.decoded(data)


def _from_protobuf(data: bytes) -> Any:
    from gatelab.apiserver.protobuf import decode  # Only typed clients send it.

    return decode.decoded(data)


def check_depth(value: Any) -> None:
    """Raises BadRequest for data that is nested too deep to be walked."""
    level = [value]
    for _ in range(_DEEPEST):
        below = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [each for values in below for each in values]
        if not level:
            return
    raise BadRequest(f"the body is nested deeper than {_DEEPEST} levels")
