"""Writes of ours that the mirror does not show yet."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.reconcile.mirror import Mirror, version_of


@dataclass(slots=True)
class _Pending:
    created: dict[str, tuple[Object, float]] = field(default_factory=dict)
    deleted: dict[str, float] = field(default_factory=dict)


class Expectations:
    """What an owner has created and deleted lately, so that a lagging mirror makes nobody do it twice.

    An object created counts as there until the mirror has come past its resourceVersion; an object deleted counts as
    gone until the mirror shows it so. `timeout_s` ends what a watch never brings (a list took the place of events).
    After a restart nothing is expected, and nothing is needed: mirrors are synced before the first reconcile.
    """

    def __init__(self, mirror: Mirror, *, timeout_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._mirror = mirror
        self._timeout_s = timeout_s
        self._clock = clock
        self._by_owner: dict[Key, _Pending] = {}

    def created(self, owner: Key, obj: Object) -> None:
        """`obj` is what the cluster returned."""
        pending = self._by_owner.setdefault(owner, _Pending())
        pending.created[obj["metadata"]["uid"]] = (obj, self._clock() + self._timeout_s)

    def deleted(self, owner: Key, obj: Object) -> None:
        pending = self._by_owner.setdefault(owner, _Pending())
        pending.deleted[obj["metadata"]["uid"]] = self._clock() + self._timeout_s
        pending.created.pop(obj["metadata"]["uid"], None)

    def kept(self, owner: Key, obj: Object) -> None:
        """The deletion of `obj` was refused."""
        if pending := self._by_owner.get(owner):
            pending.deleted.pop(obj["metadata"]["uid"], None)

    def current(self, owner: Key, seen: Sequence[Object]) -> list[Object]:
        """`seen`, the owner's objects by the mirror, with what was created put in and what was deleted left out."""
        pending = self._by_owner.get(owner)
        if pending is None:
            return list(seen)
        self._forget_fulfilled(pending, {each["metadata"]["uid"]: each for each in seen})
        if not pending.created and not pending.deleted:
            del self._by_owner[owner]
        there = [each for each in seen if each["metadata"]["uid"] not in pending.deleted]
        return there + [obj for obj, _ in pending.created.values()]

    def forget(self, owner: Key) -> None:
        """The owner is gone."""
        self._by_owner.pop(owner, None)

    def _forget_fulfilled(self, pending: _Pending, seen: dict[str, Object]) -> None:
        now = self._clock()
        pending.created = {
            uid: (obj, until)
            for uid, (obj, until) in pending.created.items()
            if uid not in seen and version_of(obj) > self._mirror.version and now < until
        }
        pending.deleted = {
            uid: until
            for uid, until in pending.deleted.items()
            if uid in seen and not is_being_deleted(seen[uid]) and now < until
        }
