"""Events of the node's pods, written one after the other, and never in a pod's way."""

import asyncio
import logging
from typing import Literal

from gatelab.kinds.objects import Object, key_of
from gatelab.reconcile.events import Recorder

logger = logging.getLogger(__name__)


class Reports:
    """What shall be written of all pods. One at a time: many pods that start at once have better uses for the API."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._queue: asyncio.Queue[tuple[Object, Literal["Normal", "Warning"], str, str]] = asyncio.Queue()

    def add(self, pod: Object, type_: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """To be written as an Event of the pod, after those that are waiting."""
        self._queue.put_nowait((pod, type_, reason, message))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pod, type_, reason, message = await self._queue.get()
            try:
                await self._recorder.event(pod, type_, reason, message)
            except Exception:  # A bug met by one Event is that Event's; the node goes on.
                logger.exception("pod %s: event %s was not written", key_of(pod), reason)
