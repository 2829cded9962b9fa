"""Events of the node's pods, written one after the other, and never in a pod's way."""

import asyncio
import logging
from typing import Literal

from gatelab.kinds.objects import Object, key_of
from gatelab.node.pods.events import Note, Warn
from gatelab.reconcile.events import Recorder

logger = logging.getLogger(__name__)


class Reports:
    """What shall be written of all pods. One at a time: many pods that start at once have better uses for the API."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._queue: asyncio.Queue[tuple[Object, Note | Warn]] = asyncio.Queue()

    def add(self, pod: Object, report: Note | Warn) -> None:
        """To be written as an Event of the pod, after those that are waiting."""
        self._queue.put_nowait((pod, report))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pod, report = await self._queue.get()
            type_: Literal["Normal", "Warning"] = "Warning" if isinstance(report, Warn) else "Normal"
            path = _field_path(pod, report.container)
            try:
                await self._recorder.event(pod, type_, report.reason, report.message, field_path=path)
            except Exception:  # A bug met by one Event is that Event's; the node goes on.
                about = {"object": f"Pod {key_of(pod)}"}
                logger.exception("pod %s: event %s was not written", key_of(pod), report.reason, extra=about)


def _field_path(pod: Object, container: str) -> str:
    """Where the container is in the pod, as the kubelet writes it (`fieldPath` of `kubelet/container/ref.go`)."""
    for field in ("containers", "initContainers"):
        if any(each["name"] == container for each in pod["spec"].get(field) or ()):
            return f"spec.{field}{{{container}}}"
    return ""
