"""Events: what `kubectl describe` shows under an object."""

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import EVENT
from gatelab.kinds.errors import ApiError, NotFound
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.timestamps import to_rfc3339, utc_now

logger = logging.getLogger(__name__)

_REMEMBERED = 1024
_NAME_ROOM = 253 - 17
"""A name's limit, less a dot and 16 characters."""


@dataclass(slots=True)
class _Written:
    key: Key
    count: int


class Recorder:
    """Writes core/v1 Events as `component`. The same event again raises the count of the first."""

    def __init__(self, cluster: Cluster, component: str) -> None:
        self._cluster = cluster
        self._component = component
        self._last_ns = 0
        self._written: OrderedDict[tuple[str, ...], _Written] = OrderedDict()

    async def event(
        self, obj: Object, type_: Literal["Normal", "Warning"], reason: str, message: str, *, field_path: str = ""
    ) -> None:
        """Records that `reason` (CamelCase) happened to `obj`, or to the part of it at `field_path`.

        One that cannot be written is logged, not raised.
        """
        same = (obj["metadata"].get("uid", ""), type_, reason, message, field_path)
        try:
            if not await self._count_again(same):
                await self._create(same, obj)
        except ApiError as error:
            logger.debug("event %s of %s was not written: %s", reason, obj["metadata"]["name"], error.message)

    async def _count_again(self, same: tuple[str, ...]) -> bool:
        written = self._written.get(same)
        if written is None:
            return False
        written.count += 1
        self._written.move_to_end(same)
        patch = {"count": written.count, "lastTimestamp": to_rfc3339(utc_now())}
        try:
            await self._cluster.patch(EVENT, written.key, patch)
        except NotFound:
            self._written.pop(same, None)
            return False
        return True

    async def _create(self, same: tuple[str, ...], obj: Object) -> None:
        event = self._event(same, obj)
        self._written[same] = _Written(Key(event["metadata"]["namespace"], event["metadata"]["name"]), 1)
        while len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)
        try:
            await self._cluster.create(EVENT, event)
        except ApiError:
            self._written.pop(same, None)
            raise

    def _event(self, same: tuple[str, ...], obj: Object) -> dict[str, Any]:
        uid, type_, reason, message, field_path = same
        metadata = obj["metadata"]
        now = to_rfc3339(utc_now())
        # Nanoseconds, never the same twice: names sort as events happened, which times in seconds do not.
        self._last_ns = max(self._last_ns + 1, time.time_ns())
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.name,
            "metadata": {
                "name": f"{metadata['name'][:_NAME_ROOM]}.{self._last_ns:x}",
                "namespace": metadata.get("namespace") or "default",
            },
            "involvedObject": _reference(obj, uid, field_path),
            "type": type_,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
        }


def _reference(obj: Object, uid: str, field_path: str) -> dict[str, Any]:
    metadata = obj["metadata"]
    reference = {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": metadata["name"],
        "namespace": metadata.get("namespace"),
        "uid": uid,
        "resourceVersion": metadata.get("resourceVersion"),
        "fieldPath": field_path,
    }
    return {name: value for name, value in reference.items() if value}
