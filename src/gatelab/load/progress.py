"""Looking at a run while it goes on."""

import time

from gatelab.load.engine import Engine
from gatelab.load.histogram import Histogram
from gatelab.load.plan import Progress


class ProgressReport:
    """Remembers the last look, so that rates and percentiles are those of the time since."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._count = 0
        self._at_ns = time.monotonic_ns()

    def look(self) -> Progress:
        engine, tally = self._engine, self._engine.tally
        now_ns = time.monotonic_ns()
        recent, tally.recent = tally.recent, Histogram()
        tally.response.merge(recent)
        p50_ns, p99_ns = recent.percentiles((50, 99))
        rps = (tally.count - self._count) / max(1e-9, (now_ns - self._at_ns) / 1e9)
        self._count, self._at_ns = tally.count, now_ns
        return Progress(
            elapsed_s=(now_ns - engine.begin_ns) / 1e9,
            count=tally.count,
            errors=tally.errors,
            in_flight=len(engine.in_flight),
            waiting=engine.waiting,
            rps=rps,
            p50_ns=p50_ns,
            p99_ns=p99_ns,
        )
