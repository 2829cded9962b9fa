"""A watch that does not end: lists, follows, resumes where it was, and lists again when the server says so."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from gatelab.cluster.port import Applied, Deleted, Replaced, WatchEvent
from gatelab.cluster.remote_http import HttpApi, Params, collection_path
from gatelab.kinds.errors import ApiError, Expired, NotFound, Unavailable, from_status
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object

_log = logging.getLogger(__name__)

_PAGE = "500"
_WATCH_S = 280
"""After this time we have the server end a watch, so that one which died in silence is noticed."""
_SILENCE_S = _WATCH_S + 20.0

_FIRST_PAUSE_S = 0.02
_PAUSE_S = 0.2
"""The longest pause in the first minute: a control plane that is started again is back in a second."""
_LONG_PAUSE_S = 2.0
_PATIENCE_S = 60.0
_STEADY_S = 1.0

_decode = msgspec.json.Decoder().decode


class Reachability:
    """Whether the cluster answers, said in the log once per change, however many watches notice."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._reachable = True

    def lost(self, error: Unavailable) -> None:
        if self._reachable:
            _log.warning("the cluster at %s cannot be reached, trying on: %s", self._address, error)
        self._reachable = False

    def found(self) -> None:
        if not self._reachable:
            _log.info("the cluster at %s can be reached again", self._address)
        self._reachable = True


class Backoff:
    """Pauses between attempts: doubling, with a short cap at first, and jitter so that watches do not come all at once.

    A connection that held for a second ends the row of failures.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._attempts = 0
        self._since = 0.0

    def next_pause_s(self) -> float:
        if not self._attempts:
            self._since = self._clock()
        cap = _PAUSE_S if self._clock() - self._since < _PATIENCE_S else _LONG_PAUSE_S
        pause = min(cap, _FIRST_PAUSE_S * 2.0 ** min(self._attempts, 10))
        self._attempts += 1
        return pause * random.uniform(0.6, 1.0)

    @contextmanager
    def connection(self) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            if self._clock() - started > _STEADY_S:
                self._attempts = 0


class RemoteWatch:
    """One watch of one kind. `events` never ends."""

    def __init__(
        self, api: HttpApi, reachability: Reachability, kind: Kind, namespace: str | None, selectors: Params
    ) -> None:
        self._api = api
        self._reachability = reachability
        self._kind = kind
        self._path = collection_path(kind, namespace)
        self._selectors = selectors
        self._version: str | None = None
        self._refusal = ""
        self._is_known = False
        self._backoff = Backoff(asyncio.get_running_loop().time)

    async def events(self) -> AsyncIterator[WatchEvent]:
        while True:
            try:
                if self._version is None:
                    objects, self._version = await list_all(self._api, self._kind, self._path, self._selectors)
                    self._reachability.found()
                    self._is_known = True
                    yield Replaced(objects)
                async for event in self._followed(self._version):
                    yield event
            except Expired:
                self._version = None
                await asyncio.sleep(self._backoff.next_pause_s())
            except Unavailable as error:
                self._reachability.lost(error)
                await asyncio.sleep(self._backoff.next_pause_s())
            except ApiError as error:
                self._say_refused(error)
                if isinstance(error, NotFound) and not self._is_known:
                    # A kind that is not installed (of a channel of the Gateway API, say) has no objects.
                    self._is_known = True
                    yield Replaced(())
                await asyncio.sleep(_LONG_PAUSE_S)

    def _say_refused(self, error: ApiError) -> None:
        """Once for each thing that is wrong: a kind that is not installed may stay so for hours."""
        if self._refusal != error.message:
            _log.warning("the watch of %s is refused, trying on: %s", self._kind, error)
        self._refusal = error.message

    async def _followed(self, version: str) -> AsyncIterator[WatchEvent]:
        params = {
            **self._selectors,
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_S),
        }
        with self._backoff.connection():
            async with self._api.lines(self._path, params=params, silence_s=_SILENCE_S) as lines:
                self._reachability.found()
                async for line in lines:
                    event = self._read(line)
                    if event is not None:
                        yield event
        # A server that is going down ends its watches politely, and at once again: do not spin.
        await asyncio.sleep(self._backoff.next_pause_s())

    def _read(self, line: bytes) -> WatchEvent | None:
        type_, obj = _parsed(line)
        if type_ == "ERROR":
            raise from_status(obj)
        self._version = obj["metadata"]["resourceVersion"]
        if type_ == "BOOKMARK":
            return None
        return Deleted(obj) if type_ == "DELETED" else Applied(obj)


def _parsed(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        event = _decode(line)
        return event["type"], event["object"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise Unavailable(f"not a watch event: {line[:100]!r}") from error


async def list_all(api: HttpApi, kind: Kind, path: str, selectors: Params) -> tuple[list[Object], str]:
    """All objects, page by page, and the version that they are the truth of."""
    objects: list[Object] = []
    params = {**selectors, "limit": _PAGE}
    while True:
        answer = await api.request("GET", path, params=params)
        # The items of a list do not say what they are when the list is a typed one.
        objects += [{"apiVersion": kind.api_version, "kind": kind.name, **each} for each in answer.get("items") or ()]
        metadata = answer.get("metadata") or {}
        if not metadata.get("continue"):
            return objects, metadata.get("resourceVersion", "")
        params["continue"] = metadata["continue"]
