"""Events are forgotten an hour after they last happened (kube-apiserver: `--event-ttl`)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import EVENT
from gatelab.kinds.errors import NotFound
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.timestamps import from_rfc3339, utc_now
from gatelab.reconcile import Mirrors, Watches

_KEPT = timedelta(hours=1)


class EventExpiry:
    """Deletes old Events."""

    name = "event-expiry"

    def __init__(self, cluster: Cluster, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._cluster = cluster
        self._clock = clock

    def watches(self) -> Sequence[Watches]:
        return (Watches(EVENT),)

    async def start(self, mirrors: Mirrors) -> None:
        self._events = mirrors.of(EVENT)

    async def reconcile(self, key: Key) -> float | None:
        event = self._events.get(key)
        if event is None:
            return None
        left_s = (_last_happened(event) + _KEPT - self._clock()).total_seconds()
        if left_s > 0:
            return left_s
        try:
            await self._cluster.delete(EVENT, key, uid=event["metadata"]["uid"])
        except NotFound:
            return None
        return None


def _last_happened(event: Object) -> datetime:
    created: str = event["metadata"]["creationTimestamp"]
    try:
        return from_rfc3339(event.get("lastTimestamp") or event.get("eventTime") or created).astimezone(UTC)
    except ValueError:
        return from_rfc3339(created)
