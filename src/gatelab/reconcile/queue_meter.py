"""What a controller's queue counts: the `workqueue_*` metrics of client-go (`k8s.io/component-base/metrics`)."""

import time
from collections.abc import Callable, Iterable

from gatelab.kinds.objects import Key
from gatelab.telemetry import Family, Histogram, Reading

_NAME = ("name",)
DEPTH = Family("workqueue_depth", "gauge", "Keys that wait for a worker.", _NAME)
ADDS = Family("workqueue_adds_total", "counter", "Keys that came to wait, one that waits already not again.", _NAME)
RETRIES = Family("workqueue_retries_total", "counter", "Keys that failed and come again with back-off.", _NAME)
WAITED = Family("workqueue_queue_duration_seconds", "histogram", "Seconds that a key waited for a worker.", _NAME)
WORKED = Family("workqueue_work_duration_seconds", "histogram", "Seconds of work on a key.", _NAME)


class QueueMeter:
    """The counts of one queue, whose owner tells what happens."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.retries = 0
        self._clock = clock
        self._adds = 0
        self._waiting: dict[Key, float] = {}
        self._working: dict[Key, float] = {}
        self._waited = Histogram()
        self._worked = Histogram()

    def added(self, key: Key) -> None:
        self._adds += 1
        self._waiting[key] = self._clock()

    def taken(self, key: Key) -> None:
        now = self._clock()
        self._waited.observe(now - self._waiting.pop(key, now))
        self._working[key] = now

    def done(self, key: Key) -> None:
        now = self._clock()
        self._worked.observe(now - self._working.pop(key, now))

    def readings(self, name: str) -> Iterable[Reading]:
        """Under the controller's name."""
        label = (name,)
        yield Reading(DEPTH, {label: len(self._waiting)})
        yield Reading(ADDS, {label: self._adds})
        yield Reading(RETRIES, {label: self.retries})
        yield Reading(WAITED, {label: self._waited})
        yield Reading(WORKED, {label: self._worked})
