"""watch: one line of JSON a change, until the client leaves or its time is up.

A watcher is a cursor in the store's history: one that reads slowly holds nothing but the piece that is being sent, and
one that falls behind the history ends with 410 in band.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import list_options, parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.streams import Stream
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import Expired
from gatelab.store import Stored, Watch

_BOOKMARK_EVERY_S = 60.0
_LAST_BOOKMARK_S = 2.0
"""So long before its end a watch gets a last bookmark, as in Kubernetes: the next one goes on from there."""
_SHORTEST_S = 1800
"""A watch without a wish of its own ends after this to twice this, as in Kubernetes, so that not all end at once."""
_PIECE_BYTES = 256 * 1024


async def watch(context: Context, request: Request, target: Target) -> Response:
    """The changes since `resourceVersion`; without one, or from 0, first an ADDED for everything there is."""
    timeout_s = parameters.number(request, "timeoutSeconds") or random.uniform(_SHORTEST_S, 2 * _SHORTEST_S)
    return Stream(_Lines(context, request, target).until(timeout_s), media_type="application/json")


class _Lines:
    """The lines of one watch."""

    def __init__(self, context: Context, request: Request, target: Target) -> None:
        self._context = context
        self._request = request
        self._target = target
        self._selection = parameters.selection(request, target)
        self._options = list_options.read(request, watch=True)
        self._headed = True
        self._version = 0
        self._bookmarks = parameters.flag(request, "allowWatchBookmarks")
        parameters.include_object(request)

    async def until(self, timeout_s: float) -> AsyncGenerator[bytes]:
        """The lines, for so many seconds, in pieces of bounded size."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            start = self._start()
            if start is None:
                for piece in _pieces(self._present()):
                    yield piece
                start = self._version
            watch = self._watch(start)
        except Expired as error:
            yield _error(error)
            return
        try:
            async for piece in self._changes(watch, deadline):
                yield piece
        finally:
            watch.close()

    def _start(self) -> int | None:
        """The version to go on from; None when what is there comes first. Raises Expired for one still to come."""
        version = self._options.version or 0
        self._context.store.check_reached(version)
        if self._options.initial is False:
            return version or self._context.store.version
        return None if self._options.initial else version or None

    def _present(self) -> Iterator[bytes]:
        """An ADDED for everything there is, and the bookmark that says that this was all (KEP-3157)."""
        found, self._version = self._context.store.list(
            self._target.kind,
            namespace=self._target.namespace or None,
            selector=self._selection.selector,
            fields=self._selection.fields,
        )
        for each in found:
            yield self._line("ADDED", each)
        if self._options.initial and self._bookmarks:
            yield self._bookmark({"k8s.io/initial-events-end": "true"})

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
        clock = asyncio.get_running_loop().time
        last_bookmark = max(deadline - _LAST_BOOKMARK_S, (clock() + deadline) / 2)
        while (now := clock()) < deadline:
            until = min(now + _BOOKMARK_EVERY_S, last_bookmark if now < last_bookmark else deadline)
            try:
                async with asyncio.timeout_at(until):
                    batch = await watch.batch()
            except TimeoutError:
                if self._bookmarks and clock() < deadline:
                    self._version = self._context.store.version if watch.has_seen_all else self._version
                    yield self._bookmark({})
                continue
            except Expired as error:
                yield _error(error)
                return
            if not batch:
                return
            self._version = batch[-1].stored.version
            for piece in _pieces(self._line(change.type, change.stored) for change in batch):
                yield piece

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


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, put together as far as a piece goes: a thousand large objects are not in memory at once."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        piece.append(line)
        size += len(line)
        if size >= _PIECE_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
    if piece:
        yield b"".join(piece)


def _error(error: Expired) -> bytes:
    return msgspec.json.encode({"type": "ERROR", "object": error.to_status()}) + b"\n"
