"""Group commit: writes made while a commit is under way go together into the next one.

A write is published - to readers and watchers - only after the journal has it, so nobody ever sees a state that a crash
takes back, and no version is used twice.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gatelab.kinds.errors import InternalError
from gatelab.kinds.kind import Kind
from gatelab.store.history import Recorded
from gatelab.store.journal import Journal, Row
from gatelab.store.meter import CommitMeter, disk_size
from gatelab.telemetry import Reading

_log = logging.getLogger(__name__)

_RESERVED = 1000
"""Versions that are reserved at a time. Writes of kinds that are not journaled use versions too, which must not be
given out again after a restart; reserving them ahead spares these writes the disk."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write on its way to the journal."""

    kind: Kind
    recorded: Recorded

    def row(self) -> Row:
        stored = self.recorded.stored
        data = None if self.recorded.removed else stored.data
        return Row(self.kind.qualified_plural, stored.key.namespace, stored.key.name, stored.version, data)


class Commits:
    """The queue before the journal (None: memory only). All methods are for the event loop's thread.

    `publish` is called for each write once it is safe; `settle` after each batch, to append the writes that follow
    from it; `failed` when the disk refused a batch: that batch and everything appended since is void.
    """

    def __init__(
        self,
        journal: Journal | None,
        ceiling: int,
        *,
        publish: Callable[[Write], None],
        settle: Callable[[], None],
        failed: Callable[[], None],
    ) -> None:
        self._meter = CommitMeter()
        self._journal = journal
        self._ceiling = ceiling
        self._publish = publish
        self._settle = settle
        self._failed = failed
        self._queue: list[Write] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._busy = False
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    def readings(self) -> Iterator[Reading]:
        """What is counted, for metrics."""
        yield disk_size(self._journal)
        yield from self._meter.readings()

    def append(self, write: Write) -> None:
        """Puts a write into the next batch. It starts with the next `acknowledged`, `flush`, or after `settle`."""
        self._queue.append(write)

    async def acknowledged(self) -> None:
        """Returns when everything appended so far is on disk. Raises InternalError when the disk refuses."""
        if self._closed:
            raise InternalError("the store is closed")
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self.begin()
        await future

    def begin(self) -> None:
        """Starts a commit, be it an empty one, and so `settle`; unless one is under way, or the store is closed."""
        if not self._busy and not self._closed:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._start)

    def flush(self) -> None:
        """Commits what is queued without an event loop: for recovery, before anything else runs."""
        while self._queue:
            batch, self._queue = self._queue, []
            rows, ceiling = self._to_disk(batch)
            if self._journal is not None and (rows or ceiling is not None):
                self._journal.commit(rows, ceiling)
            self._published(batch)
            self._settle()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        batch, self._queue = self._queue, []
        waiting, self._waiting = self._waiting, []
        rows, ceiling = self._to_disk(batch)
        if self._journal is None or not (rows or ceiling is not None):
            self._finish(batch, waiting, None)
            return
        begun = time.perf_counter()

        def ended(result: asyncio.Future[None]) -> None:
            error = result.exception()
            self._meter.ended(time.perf_counter() - begun, len(rows), refused=error is not None)
            self._finish(batch, waiting, error)

        loop.run_in_executor(self._thread, self._journal.commit, rows, ceiling).add_done_callback(ended)

    def _to_disk(self, batch: Sequence[Write]) -> tuple[list[Row], int | None]:
        newest = batch[-1].recorded.version if batch else 0
        ceiling = None
        if newest > self._ceiling:
            self._ceiling = ceiling = newest + _RESERVED
        return [write.row() for write in batch if write.kind.journaled], ceiling

    def _finish(self, batch: Sequence[Write], waiting: list[asyncio.Future[None]], error: BaseException | None) -> None:
        if error is None:
            self._published(batch)
        else:
            waiting += self._void(error)
        for future in waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(_refusal(error))
        if error is None:
            self._settle()
        self._busy = bool(self._queue or self._waiting)
        if self._busy:
            asyncio.get_running_loop().call_soon(self._start)

    def _published(self, batch: Sequence[Write]) -> None:
        for write in batch:
            self._publish(write)

    def _void(self, error: BaseException) -> list[asyncio.Future[None]]:
        """Later writes were computed on the refused ones: they go too. Returns those who wait for them."""
        _log.error("the journal refused a write, which is void: %s", error)
        self._queue.clear()
        self._ceiling = 0  # The ceiling may not be on disk: the next batch writes it again.
        waiting, self._waiting = self._waiting, []
        self._failed()
        return waiting

    async def close(self, version: int) -> None:
        """Waits for what is under way, and gives the unused reserved versions back."""
        if self._closed:
            return
        await self.acknowledged()
        while self._busy:
            await self.acknowledged()
        self._closed = True
        self._thread.shutdown()
        if self._journal is not None:
            self._journal.commit([], version)
            self._journal.close()


def _refusal(error: BaseException) -> InternalError:
    what = str(error) if isinstance(error, sqlite3.Error) else repr(error)
    return InternalError(f"the write is not on disk and was taken back: {what}; free some space and try again")
