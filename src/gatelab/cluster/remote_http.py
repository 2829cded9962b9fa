"""Requests to an API server: paths, JSON in and out, errors as `kinds.errors`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
import msgspec

from gatelab import __version__
from gatelab.cluster.port import Subresource
from gatelab.kinds.errors import ApiError, Unavailable, from_status
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key

Params = Mapping[str, str]

REQUEST_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0

_TRY_AGAIN = frozenset({429, 502, 503, 504})
_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder().decode


class HttpApi:
    """An API server behind an HTTP client that knows its address, trust and credentials."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        # What an API server takes the owner of the fields that we write from (`managedFields`).
        client.headers["user-agent"] = f"gatelab/{__version__}"
        self._client = client

    @property
    def address(self) -> str:
        return str(self._client.base_url)

    async def close(self) -> None:
        await self._client.aclose()

    async def request(
        self, method: str, path: str, *, params: Params | None = None, body: object = None
    ) -> dict[str, Any]:
        """The answer's JSON. Raises the ApiError that the answer describes; Unavailable without an answer."""
        content = None if body is None else _encode(body)
        headers = {"content-type": _MERGE_PATCH if method == "PATCH" else _JSON} if content else None
        try:
            response = await self._client.request(method, path, params=params, content=content, headers=headers)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 400:
            raise _refused(response.status_code, response.content)
        return _decoded(response.content)

    async def content(self, path: str, *, params: Params) -> bytes:
        """The body of the answer to a GET, whatever it is. Raises as `request` does."""
        try:
            response = await self._client.request("GET", path, params=params)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 400:
            raise _refused(response.status_code, response.content)
        return response.content

    @asynccontextmanager
    async def lines(self, path: str, *, params: Params, silence_s: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of an answer as they come. More than `silence_s` without any is Unavailable."""
        timeout = httpx2.Timeout(REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, read=silence_s)
        try:
            async with self._client.stream("GET", path, params=params, timeout=timeout) as response:
                if response.status_code >= 400:
                    raise _refused(response.status_code, await response.aread())
                yield _lines(response)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx2.HTTPError) -> Unavailable:
        return Unavailable(f"{self.address}: {str(error) or type(error).__name__}")


def collection_path(kind: Kind, namespace: str | None) -> str:
    """Where objects of a kind are listed and created; all namespaces without one."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    scope = f"/namespaces/{namespace}" if namespace and kind.namespaced else ""
    return f"{root}{scope}/{kind.plural}"


def object_path(kind: Kind, key: Key, subresource: Subresource | Literal["proxy"] | None = None) -> str:
    path = f"{collection_path(kind, key.namespace)}/{key.name}"
    return f"{path}/{subresource}" if subresource else path


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    # Not aiter_lines: that one splits at every separator of Unicode, which may stand inside JSON strings.
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        answer = _decode(content)
    except msgspec.DecodeError as error:
        raise Unavailable(f"the answer is not JSON: {error}") from error
    return answer if isinstance(answer, dict) else {}


def _refused(code: int, content: bytes) -> ApiError:
    try:
        status = _decode(content)
    except msgspec.DecodeError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        text = content[:200].decode(errors="replace").strip()
        status = {"code": code, "message": f"HTTP {code}: {text}" if text else f"HTTP {code}"}
    if code in _TRY_AGAIN:
        return Unavailable(status.get("message", ""), details=status.get("details"))
    return from_status({"code": code, **status})
