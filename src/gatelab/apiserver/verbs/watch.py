"""watch: one line of JSON a change, until the client leaves or its time is up."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.parameters import Selection
from gatelab.apiserver.streams import Stream
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import BadRequest, Expired
from gatelab.store import Stored, Watch

_BOOKMARK_EVERY_S = 60.0
_SHORTEST_S = 1800
"""A watch without a wish of its own ends after this to twice this, as in Kubernetes, so that not all end at once."""


async def watch(context: Context, request: Request, target: Target) -> Response:
    """The changes since `resourceVersion`; without one, or from 0, first an ADDED for everything there is."""
    selection = parameters.selection(request)
    fields = ",".join(filter(None, [selection.fields, f"metadata.name={target.name}" if target.name else None]))
    timeout_s = parameters.number(request, "timeoutSeconds") or random.uniform(_SHORTEST_S, 2 * _SHORTEST_S)
    lines = _Lines(context, request, target, Selection(selection.selector, fields or None))
    return Stream(lines.until(timeout_s), media_type="application/json")


class _Lines:
    """The lines of one watch."""

    def __init__(self, context: Context, request: Request, target: Target, selection: Selection) -> None:
        self._context = context
        self._request = request
        self._target = target
        self._selection = selection
        self._headed = True
        self._version = 0
        self._bookmarks = parameters.flag(request, "allowWatchBookmarks")
        self._initial = parameters.flag(request, "sendInitialEvents")
        self._since = self._asked_version()
        parameters.include_object(request)

    def _asked_version(self) -> int:
        text = self._request.query_params.get("resourceVersion", "")
        if self._initial and self._request.query_params.get("resourceVersionMatch") != "NotOlderThan":
            raise BadRequest("sendInitialEvents needs resourceVersionMatch=NotOlderThan")
        if text and not (text.isascii() and text.isdigit() and len(text) < 20):
            raise BadRequest(f"resourceVersion: Invalid value: {text!r}: must be a resourceVersion that was given out")
        return int(text or 0)

    async def until(self, timeout_s: float) -> AsyncGenerator[bytes]:
        """The lines, for so many seconds."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            start = self._since
            if not start or self._initial:
                for line in self._present():
                    yield line
                start = self._version
            watch = self._watch(start)
        except Expired as error:
            yield _error(error)
            return
        try:
            async for line in self._changes(watch, deadline):
                yield line
        finally:
            watch.close()

    def _present(self) -> list[bytes]:
        """An ADDED for everything there is, and the bookmark that says that this was all."""
        found, self._version = self._context.store.list(
            self._target.kind,
            namespace=self._target.namespace or None,
            selector=self._selection.selector,
            fields=self._selection.fields,
        )
        lines = [self._line("ADDED", each) for each in found]
        if self._initial:
            lines.append(self._bookmark({"k8s.io/initial-events-end": "true"}))
        return lines

    def _watch(self, since: int) -> Watch:
        self._version = since
        return self._context.store.watch(
            self._target.kind,
            since=since,
            namespace=self._target.namespace or None,
            selector=self._selection.selector,
            fields=self._selection.fields,
        )

    async def _changes(self, watch: Watch, deadline: float) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        while (left := deadline - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, _BOOKMARK_EVERY_S)):
                    batch = await watch.batch()
            except TimeoutError:
                if self._bookmarks:
                    yield self._bookmark({})
                continue
            except Expired as error:
                yield _error(error)
                return
            if not batch:
                return
            self._version = batch[-1].stored.version
            yield b"".join(self._line(change.type, change.stored) for change in batch)

    def _line(self, type_: str, stored: Stored) -> bytes:
        line = views.event(self._request, self._target, type_, stored, self._context.clock(), headed=self._headed)
        self._headed = False
        return line

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        """A version to resume from. All changes up to it have been seen, as every write of a kind is in its history."""
        metadata = {"resourceVersion": str(self._version), **({"annotations": annotations} if annotations else {})}
        form = parameters.form(self._request)
        kind, api_version = self._target.kind.name, self._target.api_version
        if form != "object":
            kind, api_version = ("Table" if form == "table" else "PartialObjectMetadata"), "meta.k8s.io/v1"
        obj: dict[str, Any] = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
        if form == "table":
            obj |= {"columnDefinitions": None, "rows": []}
        return msgspec.json.encode({"type": "BOOKMARK", "object": obj}) + b"\n"


def _error(error: Expired) -> bytes:
    return msgspec.json.encode({"type": "ERROR", "object": error.to_status()}) + b"\n"
