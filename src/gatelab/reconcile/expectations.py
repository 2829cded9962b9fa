"""Writes of ours that the mirror does not show yet."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.reconcile.mirror import Mirror, version_of


@dataclass(slots=True)
class _Pending:
    """By uid, with the moment at which waiting ends."""

    written: dict[str, tuple[Object, float]] = field(default_factory=dict)
    deleted: dict[str, float] = field(default_factory=dict)


class Expectations:
    """What an owner has written and deleted lately, so that a lagging mirror makes nobody do it twice.

    An object written counts, as it was returned, until the mirror has come past its resourceVersion; an object deleted
    counts as gone until the mirror shows it so. `timeout_s` ends what a watch never brings (a list took the place of
    events). After a restart nothing is expected, and nothing is needed: mirrors are synced before the first reconcile.
    """

    def __init__(self, mirror: Mirror, *, timeout_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._mirror = mirror
        self._timeout_s = timeout_s
        self._clock = clock
        self._by_owner: dict[Key, _Pending] = {}

    def wrote(self, owner: Key, obj: Object) -> None:
        """`obj`, created or updated, is what the cluster returned."""
        pending = self._by_owner.setdefault(owner, _Pending())
        pending.written[obj["metadata"]["uid"]] = (obj, self._clock() + self._timeout_s)

    def deleted(self, owner: Key, obj: Object) -> None:
        """Deletion of `obj` is being asked for."""
        pending = self._by_owner.setdefault(owner, _Pending())
        pending.deleted[obj["metadata"]["uid"]] = self._clock() + self._timeout_s
        pending.written.pop(obj["metadata"]["uid"], None)

    def kept(self, owner: Key, obj: Object) -> None:
        """The deletion of `obj` was refused."""
        if pending := self._by_owner.get(owner):
            pending.deleted.pop(obj["metadata"]["uid"], None)

    def current(self, owner: Key, seen: Sequence[Object]) -> list[Object]:
        """`seen`, the owner's objects by the mirror, brought up to what was written and without what was deleted."""
        pending = self._by_owner.get(owner)
        if pending is None:
            return list(seen)
        by_uid = {each["metadata"]["uid"]: each for each in seen}
        self._forget_fulfilled(pending, by_uid)
        if not pending.written and not pending.deleted:
            del self._by_owner[owner]
        by_uid |= {uid: obj for uid, (obj, _) in pending.written.items()}
        return [obj for uid, obj in by_uid.items() if uid not in pending.deleted]

    def forget(self, owner: Key) -> None:
        """The owner is gone."""
        self._by_owner.pop(owner, None)

    def _forget_fulfilled(self, pending: _Pending, seen: dict[str, Object]) -> None:
        now, version = self._clock(), self._mirror.version
        pending.written = {
            uid: (obj, until)
            for uid, (obj, until) in pending.written.items()
            if version_of(obj) > version and now < until
        }
        pending.deleted = {
            uid: until
            for uid, until in pending.deleted.items()
            if uid in seen and not is_being_deleted(seen[uid]) and now < until
        }
