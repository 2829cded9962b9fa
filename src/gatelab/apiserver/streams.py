"""Answers that go on: watches and logs."""

import asyncio
import logging
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gatelab.apiserver import answers
from gatelab.apiserver.ending import ending, refusal
from gatelab.kinds.errors import ApiError

_log = logging.getLogger(__name__)

_PATIENCE_S = 0.2
_END = {"type": "http.response.body", "body": b"", "more_body": False}


class Stream(Response):
    """Sends each piece as it comes; ends with the pieces, when the client leaves, or in order when the server ends.

    An error that comes before the first piece, and at once, is answered as one. After a moment the head is sent without
    waiting on: a watch or a log may be silent for long. The generator is closed in every case.
    """

    def __init__(self, pieces: AsyncGenerator[bytes, None], *, media_type: str, patient: bool = False) -> None:
        self._pieces = pieces
        self._patience_s = _PATIENCE_S if patient else 0.0
        self._headed = False
        self.status_code = 200
        self.background = None
        self.init_headers({"content-type": media_type, "cache-control": "no-cache, private"})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                leaving = group.create_task(_gone(receive))
                ends = group.create_task(ending(scope).wait())
                first = group.create_task(_first(self._pieces))
                sending = group.create_task(self._send(scope, receive, send, first))
                await asyncio.wait((leaving, ends, sending), return_when=asyncio.FIRST_COMPLETED)
                is_cut = ends.done() and not sending.done() and not leaving.done()
                for task in (leaving, ends, sending, first):
                    task.cancel()
            if is_cut:
                await self._cut(scope, receive, send)
        finally:
            await self._pieces.aclose()

    async def _cut(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The end of an answer whose server ends: whole for HTTP, so that clients just ask again."""
        if self._headed:
            await send(_END)
        else:
            await answers.failure(refusal())(scope, receive, send)

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, first: asyncio.Task[bytes | ApiError | None]
    ) -> None:
        if self._patience_s:
            await asyncio.wait((first,), timeout=self._patience_s)
        if first.done() and isinstance(error := first.result(), ApiError):
            await answers.failure(error)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._headed = True
        piece = await first
        while isinstance(piece, bytes):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await _first(self._pieces)
        await send(_END)


async def _first(pieces: AsyncGenerator[bytes, None]) -> bytes | ApiError | None:
    """The next piece; None at the end. After the head is sent an error can only end the answer, so it is logged."""
    try:
        return await anext(pieces, None)
    except ApiError as error:
        _log.info("a stream ended early: %s", error.message)
        return error


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
