"""What becomes of the answers under way when the server ends: streams end in order, the rest is refused in a moment."""

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatelab.apiserver import answers
from gatelab.kinds.errors import Unavailable

_KEY = "gatelab.ending"
_log = logging.getLogger(__name__)


def ending(scope: Scope) -> asyncio.Event:
    """Set when the server that has this request begins to end; of a request without such a server it never is."""
    found = scope.get(_KEY)
    return found if isinstance(found, asyncio.Event) else asyncio.Event()


def refusal() -> Unavailable:
    """For a request that gets no answer any more."""
    return Unavailable("the API server is ending; ask again when it is back")


class Answers:
    """The answers of one server. To cancel one is no bug once the server ends, so it leaves no traceback in the log."""

    def __init__(self) -> None:
        self.ending = asyncio.Event()

    def over(self, app: ASGIApp) -> ASGIApp:
        """The application, whose requests know of the end."""

        async def told(scope: Scope, receive: Receive, send: Send) -> None:
            await self._answer(app, {**scope, _KEY: self.ending}, receive, send)

        return told

    async def _answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, sent)
        except asyncio.CancelledError:
            if not self.ending.is_set():
                raise
            _log.info("%s %s was not finished when the server ended", scope.get("method"), scope.get("path"))
            if not begun:
                await answers.failure(refusal())(scope, receive, send)
