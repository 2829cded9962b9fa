"""The keyed queue of a controller."""

import asyncio

from gatelab.kinds.objects import Key
from gatelab.reconcile.queue_meter import QueueMeter


class KeyedQueue:
    """Keys that want to be reconciled: each is handed out to one taker at a time, in the order of arrival.

    A key added while it is out comes again when it is `done`; added twice before it is taken, it comes once.
    """

    def __init__(self) -> None:
        self.meter = QueueMeter()
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._wanted: set[Key] = set()
        self._out: set[Key] = set()
        self._later: dict[Key, asyncio.TimerHandle] = {}

    def add(self, key: Key) -> None:
        if key in self._wanted:
            return
        self._wanted.add(key)
        self.meter.added(key)
        if key not in self._out:
            self._ready.put_nowait(key)

    def add_after(self, key: Key, delay_s: float) -> None:
        """Adds the key after `delay_s`. A key waits for one moment only, the last one named."""
        self.cancel_later(key)
        self._later[key] = asyncio.get_running_loop().call_later(delay_s, self._due, key)

    def add_within(self, key: Key, delay_s: float) -> None:
        """Adds the key after `delay_s` unless it waits for an earlier moment already."""
        waiting = self._later.get(key)
        if waiting is None or waiting.when() > asyncio.get_running_loop().time() + delay_s:
            self.add_after(key, delay_s)

    def cancel_later(self, key: Key) -> None:
        """Forgets the moment that the key waits for, if any."""
        if waiting := self._later.pop(key, None):
            waiting.cancel()

    async def take(self) -> Key:
        """The next key. The taker calls `done` with it."""
        key = await self._ready.get()
        self._wanted.discard(key)
        self._out.add(key)
        self.meter.taken(key)
        return key

    def done(self, key: Key) -> None:
        self._out.discard(key)
        self.meter.done(key)
        if key in self._wanted:
            self._ready.put_nowait(key)

    def close(self) -> None:
        """Cancels all that waits."""
        for waiting in self._later.values():
            waiting.cancel()
        self._later.clear()

    def _due(self, key: Key) -> None:
        self._later.pop(key, None)
        self.add(key)
