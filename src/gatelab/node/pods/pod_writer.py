"""Writes what becomes of a pod: its status, its Events after it, its deletion."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import POD
from gatelab.kinds.errors import ApiError, Conflict, NotFound
from gatelab.kinds.objects import Object, key_of
from gatelab.node.pods.events import Note, Warn
from gatelab.node.pods.reports import Reports

logger = logging.getLogger(__name__)

_RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0)


class PodWriter:
    """The newest known state of the object, and the way back to the API."""

    def __init__(
        self, pod: Object, cluster: Cluster, reports: Reports, status: Callable[[Object], dict[str, Any]]
    ) -> None:
        """`status` gives the status to write over that of the object."""
        self.object = pod
        self._key = key_of(pod)
        self._uid = pod["metadata"]["uid"]
        self._cluster = cluster
        self._reports = reports
        self._status = status
        self._changed = asyncio.Event()
        self._unreported: list[Note | Warn] = []

    def adopt(self, pod: Object) -> None:
        """Keeps the newer of two states: what a write returned may be ahead of what the watch has told."""
        if _version(pod) >= _version(self.object):
            self.object = pod
            self._changed.set()

    def change(self) -> None:
        """The status may differ now."""
        self._changed.set()

    def note(self, report: Note | Warn) -> None:
        """To be written as an Event, after the status."""
        self._unreported.append(report)

    async def run(self) -> None:
        """Writes the latest status whenever it differs; changes that come while a write is on its way go together.

        Events come after it: whoever waits for the pod looks at its status. Until cancelled.
        """
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._persist(self._write_status)
            self.report()

    async def remove(self) -> None:
        """Deletes the object. One that a finalizer keeps shows how its containers ended."""
        if self.object["metadata"].get("finalizers"):
            await self._persist(self._write_status)
        await self._persist(self._delete)

    def report(self) -> None:
        """Hands over the Events that wait for a status."""
        for each in self._unreported:
            self._reports.add(self.object, each)
        self._unreported.clear()

    async def _write_status(self) -> None:
        status = self._status(self.object)
        present = self.object.get("status") or {}
        if any(present.get(name) != value for name, value in status.items()):
            metadata = {"uid": self._uid}
            if self.object["spec"].get("readinessGates"):
                # Others write conditions too, and a merge patch writes all of them: not over a state unseen.
                metadata["resourceVersion"] = self.object["metadata"]["resourceVersion"]
            patch = {"metadata": metadata, "status": status}
            self.adopt(await self._cluster.patch(POD, self._key, patch, subresource="status"))

    async def _delete(self) -> None:
        await self._cluster.delete(POD, self._key, uid=self._uid, grace_period_s=0)

    async def _persist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Tries until the API has it, or until there is nothing to write to any more."""
        for delay_s in chain(_RETRY_S, repeat(_RETRY_S[-1])):
            try:
                await write()
            except (NotFound, Conflict):
                return
            except ApiError as error:
                about = {"object": f"Pod {self._key}"}
                logger.info("pod %s: not written yet: %s", self._key, error.message, extra=about)
                await asyncio.sleep(delay_s)
            else:
                return


def _version(pod: Object) -> int:
    return int(pod["metadata"].get("resourceVersion") or 0)
