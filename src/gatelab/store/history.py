"""What happened to the objects of one kind, bounded; and the watches that read it.

A watch is a cursor in the one shared history, not a queue: a slow watcher costs nothing and blocks nobody, and when the
history has moved on past its cursor it ends with Expired.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, NamedTuple

from gatelab.kinds.objects import Key, is_being_deleted
from gatelab.store import refusals
from gatelab.store.stored import Stored

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
Matches = Callable[[Stored], bool]

_AT_ONCE = 1000
_LIMIT_BYTES = 4 * 1024 * 1024
"""Of JSON, held per kind: large objects that are written again and again must not fill the memory."""

_PARSED = 256
"""As many of the last writes keep the parsed form of what they replaced: watchers who are awake look at it soon."""


class Change(NamedTuple):
    """One event of a watch. A deletion carries the last state, at the version of the deletion."""

    type: ChangeType
    stored: Stored


@dataclass(frozen=True, slots=True)
class Recorded:
    """One write: what was there before (None for a creation) and what came of it."""

    before: Stored | None
    stored: Stored
    removed: bool = False

    @property
    def version(self) -> int:
        return self.stored.version

    @property
    def is_marked(self) -> bool:
        """Whether this write is the one that asked for the deletion of what stays for now."""
        was = self.before is not None and is_being_deleted(self.before.object)
        return not was and not self.removed and is_being_deleted(self.stored.object)

    def forget_parsed(self) -> None:
        """Keeps what nobody has as the present state any more as JSON only."""
        if self.before is not None:
            self.before.forget_parsed()
        if self.removed:
            self.stored.forget_parsed()

    def seen_through(self, matches: Matches) -> Change | None:
        """The event for a watcher who sees only what matches: coming into sight is ADDED, leaving it DELETED."""
        was = self.before is not None and matches(self.before)
        now = not self.removed and matches(self.stored)
        if was and now:
            return Change("MODIFIED", self.stored)
        if now:
            return Change("ADDED", self.stored)
        return Change("DELETED", self.stored) if was else None


class History:
    """The last writes of one kind, oldest first, bounded in number and bytes. Everything above `floor` is held."""

    def __init__(self, floor: int, limit: int, limit_bytes: int = _LIMIT_BYTES) -> None:
        self.floor = floor
        self.ended = False
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._records: list[Recorded] = []
        self._dropped = 0
        self._waiting: dict[asyncio.Future[None], None] = {}

    def append(self, record: Recorded) -> None:
        self._records.append(record)
        self._bytes += len(record.stored.data)
        if len(self._records) > _PARSED:
            self._records[-_PARSED].forget_parsed()
        if len(self._records) >= 2 * self._limit:
            self._cut(len(self._records) - self._limit)
        if self._bytes > self._limit_bytes and len(self._records) > 1:
            self._cut(len(self._records) // 2)
        self.wake()

    def _cut(self, count: int) -> None:
        self.floor = self._records[count - 1].version
        self._bytes -= sum(len(each.stored.data) for each in self._records[:count])
        del self._records[:count]
        self._dropped += count

    def cursor(self, since: int) -> int:
        """Where to read on for one who has seen `since`. Raises Expired."""
        if since < self.floor:
            raise refusals.too_old(since, self.floor)
        return self._dropped + bisect_right(self._records, since, key=attrgetter("version"))

    def after(self, cursor: int, at_most: int) -> Sequence[Recorded]:
        """The records from the cursor on. Raises Expired when some were cut."""
        start = cursor - self._dropped
        if start < 0:
            raise refusals.too_old(0, self.floor)
        return self._records[start : start + at_most]

    def undone(self, version: int) -> dict[Key, Stored | None]:
        """What was there at `version` of each object that has changed since, None for nothing. Raises Expired."""
        before: dict[Key, Stored | None] = {}
        for record in self._records[self.cursor(version) - self._dropped :]:
            before.setdefault(record.stored.key, record.before)
        return before

    async def grown(self) -> None:
        """Returns after the next append or wake."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = None
        try:
            await future
        finally:
            self._waiting.pop(future, None)

    def end(self) -> None:
        """Ends every watch: the store is closed."""
        self.ended = True
        self.wake()

    def wake(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting:
            if not future.done():
                future.set_result(None)


class Watch:
    """The changes of one kind from a version on, for ever: `async for type, stored in watch`.

    Raises Expired out of the iteration when the watcher was too slow. Ends when it, or the store, is closed.
    """

    def __init__(self, history: History, since: int, matches: Matches) -> None:
        self._history = history
        self._cursor = history.cursor(since)
        self._matches = matches
        self._closed = False

    @property
    def has_seen_all(self) -> bool:
        """Whether nothing has happened since the last change that was given out."""
        return not self._history.after(self._cursor, 1)

    def close(self) -> None:
        self._closed = True
        self._history.wake()

    def pending(self) -> list[Change]:
        """What has happened since the last call, at most some hundreds of changes; empty when nothing has."""
        changes: list[Change] = []
        while not changes:
            records = self._history.after(self._cursor, _AT_ONCE)
            if not records:
                break
            self._cursor += len(records)
            changes = [change for each in records if (change := each.seen_through(self._matches)) is not None]
        return changes

    async def batch(self) -> list[Change]:
        """The next changes, one at least; empty means that the watch was closed."""
        while not (self._closed or self._history.ended):
            if changes := self.pending():
                return changes
            await self._history.grown()
        return []

    async def __aiter__(self) -> AsyncIterator[Change]:
        while changes := await self.batch():
            for change in changes:
                yield change
