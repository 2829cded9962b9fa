"""Looking at a run while it goes on."""

import time

from gatelab.load.engine import Engine
from gatelab.load.plan import Progress
from gatelab.load.seconds import SECOND_NS


class ProgressReport:
    """Tells of each second when it is over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told = 0

    def look(self) -> Progress | None:
        """None when no other second has passed since the last look."""
        engine, tally = self._engine, self._engine.tally
        elapsed_ns = time.monotonic_ns() - engine.begin_ns
        if elapsed_ns // SECOND_NS <= self._told:
            return None
        self._told = elapsed_ns // SECOND_NS
        last = tally.seconds.look(self._told - 1)
        return Progress(
            elapsed_s=elapsed_ns / 1e9,
            count=tally.count,
            errors=tally.errors,
            in_flight=len(engine.in_flight),
            waiting=engine.waiting,
            rps=float(last.ok + last.errors),
            p50_ns=last.p50_ns,
            p99_ns=last.p99_ns,
            pods=engine.pods(),
            last=last,
        )
