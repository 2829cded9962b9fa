"""One controller at work: its queue, its workers, its failures."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from gatelab.kinds.errors import AlreadyExists, ApiError, Conflict, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from gatelab.reconcile.backoff import Backoff, Failures
from gatelab.reconcile.controller import Controller
from gatelab.reconcile.mirror import Change, Mirrors
from gatelab.reconcile.queue import KeyedQueue
from gatelab.telemetry import Reading

logger = logging.getLogger(__name__)

_BACKOFF = Backoff(first_s=0.01, most_s=30.0)
_STALE_BACKOFF = Backoff(first_s=0.005, most_s=1.0)
"""For errors that a mirror which has caught up will not have."""
_STALE_IS_ODD_AFTER = 6


class Worker:
    """Keeps a controller's queue and reconciles from it."""

    def __init__(self, controller: Controller, *, debounce_s: float, parallel: int) -> None:
        self.name = controller.name
        self._controller = controller
        self._debounce_s = debounce_s
        self._parallel = parallel
        self._queue = KeyedQueue()
        self._failures = Failures()
        self._started = False
        self._to_keys: dict[Kind, list[Callable[[Object], Iterable[Key]]]] = {}
        for watches in controller.watches():
            self._to_keys.setdefault(watches.kind, []).append(watches.to_keys)

    def changed(self, kind: Kind, changes: Sequence[Change]) -> None:
        """Adds the keys that the changes concern. Before the start there is nothing to add: it looks at everything."""
        if not self._started:
            return
        for to_keys in self._to_keys.get(kind, ()):
            for change in changes:
                for obj in change:
                    if obj is not None:
                        self._add(to_keys, obj)

    def readings(self) -> Iterable[Reading]:
        """What its queue counts."""
        return self._queue.meter.readings(self.name)

    async def run(self, mirrors: Mirrors) -> None:
        """Starts the controller, then reconciles what is there and what changes, until cancelled."""
        await self._start(mirrors)
        self._started = True
        for kind, functions in self._to_keys.items():
            for obj in mirrors.of(kind).list():
                for to_keys in functions:
                    self._add(to_keys, obj)
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._parallel):
                    tasks.create_task(self._work(), name=f"{self.name} {number}")
        finally:
            self._queue.close()

    async def _start(self, mirrors: Mirrors) -> None:
        while True:
            try:
                return await self._controller.start(mirrors)
            except ApiError as error:
                logger.warning("controller %s cannot start: %s", self.name, error.message)
            except Exception:
                logger.exception("controller %s cannot start", self.name)
            await asyncio.sleep(_BACKOFF.delay_s(self._failures.add("start")))

    def _add(self, to_keys: Callable[[Object], Iterable[Key]], obj: Object) -> None:
        try:
            keys = list(to_keys(obj))
        except Exception:
            logger.exception("controller %s cannot tell the keys of %s", self.name, obj["metadata"].get("name"))
            return
        for key in keys:
            if self._debounce_s:
                self._queue.add_within(key, self._debounce_s)
            else:
                self._queue.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.take()
            try:
                await self._reconcile(key)
            finally:
                self._queue.done(key)

    async def _reconcile(self, key: Key) -> None:
        self._queue.cancel_later(key)
        try:
            again_s = await self._controller.reconcile(key)
        except (Conflict, NotFound, AlreadyExists) as error:
            self._retry(key, error, _STALE_BACKOFF)
        except ApiError as error:
            self._retry(key, error, _BACKOFF)
        except Exception:
            logger.exception("%s %s failed; trying again", self.name, key, extra=self._about(key))
            self._queue.meter.retries += 1
            self._queue.add_within(key, _BACKOFF.delay_s(self._failures.add(key)))
        else:
            self._failures.clear(key)
            if again_s is not None:
                self._queue.add_within(key, again_s)

    def _retry(self, key: Key, error: ApiError, backoff: Backoff) -> None:
        count = self._failures.add(key)
        is_expected = backoff is _STALE_BACKOFF and count < _STALE_IS_ODD_AFTER
        level = logging.DEBUG if is_expected else logging.WARNING
        logger.log(level, "%s %s: %s; trying again", self.name, key, error.message, extra=self._about(key))
        self._queue.meter.retries += 1
        self._queue.add_within(key, backoff.delay_s(count))

    def _about(self, key: Key) -> dict[str, str]:
        """Fields of a log line."""
        return {"controller": self.name, "object": str(key)}
