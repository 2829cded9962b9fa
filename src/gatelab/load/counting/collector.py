"""Putting together what the generators of a run tell: its progress, and its result."""

import time
from collections.abc import Sequence

from gatelab.grpc_wire.status import display_name
from gatelab.load.counting.part import Part, failures_of, merged, messages_of, pods_of
from gatelab.load.counting.seconds import SECOND_NS, Series
from gatelab.load.histogram import Histogram
from gatelab.load.plan import LoadPlan, Progress
from gatelab.load.result import CallDetail, ConnectionResult, GeneratorResult, LoadResult, WarmUp
from gatelab.load.verdict import saturation


class Collector:
    """Takes parts as they come, from each generator in order.

    `begin_ns` is the moment of the monotonic clock at which all of them begin.
    """

    def __init__(self, plan: LoadPlan, begin_ns: int) -> None:
        self._plan = plan
        self._begin_ns = begin_ns
        self._unix_ns = time.time_ns() - time.monotonic_ns()
        self._parts: dict[int, Part] = {}
        self._series = Series()
        self._told = 0

    def take(self, index: int, part: Part) -> None:
        """What generator `index` has counted so far."""
        self._parts[index] = part
        for tallied in part.seconds:
            self._series.add(tallied)
        part.seconds = []
        if len(self._parts) == self._plan.workers:
            self._settled(min(each.settled for each in self._parts.values()))

    def _settled(self, number: int) -> None:
        self._series.settle(number)
        if number > self._told:
            self._told = number
            if self._plan.on_progress is not None:
                self._plan.on_progress(self._progress())

    def _progress(self) -> Progress:
        parts = list(self._parts.values())
        last = self._series.look(self._told - 1)
        return Progress(
            elapsed_s=(max(part.ended_ns for part in parts) - self._begin_ns) / 1e9,
            count=sum(part.count for part in parts),
            errors=sum(part.errors for part in parts),
            in_flight=sum(part.in_flight for part in parts),
            waiting=sum(part.waiting for part in parts),
            rps=float(last.ok + last.errors),
            p50_ns=last.p50_ns,
            p99_ns=last.p99_ns,
            pods=pods_of(parts),
            last=last,
        )

    def warm_up(self) -> WarmUp:
        """The result of a warm-up, as far as anybody wants to know it."""
        parts = list(self._parts.values())
        return WarmUp(
            count=sum(part.count for part in parts),
            errors=sum(part.errors for part in parts),
            elapsed_s=(max((part.last_ns for part in parts), default=self._begin_ns) - self._begin_ns) / 1e9,
        )

    def result(self, *, warm_up: WarmUp | None = None, incomplete: str = "") -> LoadResult:
        """The whole. `incomplete` says what of it is missing."""
        plan, parts = self._plan, [self._parts[index] for index in sorted(self._parts)]
        end = _end(parts, incomplete)
        last_ns = max((part.ended_ns if end == "cancel" else part.last_ns for part in parts), default=self._begin_ns)
        elapsed_s = (last_ns - self._begin_ns) / 1e9
        statuses = {0: sum(part.oks for part in parts), **failures_of(parts)}
        is_open = plan.open_schedule() is not None
        due = sum(part.due for part in parts)
        return LoadResult(
            count=sum(part.count for part in parts),
            errors=sum(part.errors for part in parts),
            statuses={display_name(code): count for code, count in sorted(statuses.items()) if count},
            error_messages=messages_of(parts),
            pods=pods_of(parts),
            connections=_connections(parts),
            service=self._service(parts),
            response=self._series.response,
            started=(self._unix_ns + self._begin_ns) / 1e9,
            elapsed_s=elapsed_s,
            intended_rps=plan.rps or (due / elapsed_s if is_open and elapsed_s > 0 else 0.0),
            end_reason=end,
            unsent=sum(part.unsent for part in parts),
            waited=sum(part.waited for part in parts),
            retried=sum(part.retried for part in parts),
            lateness=merged(part.lateness for part in parts),
            saturated=saturation(plan, parts, self._series.response),
            incomplete=incomplete,
            generators=tuple(_generator(part) for part in parts),
            warm_up=warm_up,
            remarks=tuple(dict.fromkeys(remark for part in parts for remark in part.remarks)),
            details=self._details(parts),
            series=self._series.all(self._length(parts)),
        )

    def _service(self, parts: Sequence[Part]) -> Histogram:
        found = merged(part.service for part in parts if part.service is not None)
        if all(part.service is None for part in parts):
            found.merge(self._series.response)
        return found

    def _length(self, parts: Sequence[Part]) -> int:
        """Seconds that the run lasted: to the end of its plan, or to its own if that came before."""
        ended_ns = max((part.ended_ns for part in parts), default=self._begin_ns)
        if self._plan.duration_s is not None:
            ended_ns = min(ended_ns, self._begin_ns + int(self._plan.duration_s * 1e9))
        return -(-(ended_ns - self._begin_ns) // SECOND_NS)

    def _details(self, parts: Sequence[Part]) -> tuple[CallDetail, ...]:
        details = parts[0].details if len(parts) == 1 else sorted(each for part in parts for each in part.details)
        return tuple(
            CallDetail(self._unix_ns + ended_ns, latency_ns, display_name(code), error)
            for ended_ns, latency_ns, code, error in details
        )


def _end(parts: Sequence[Part], incomplete: str) -> str:
    ends = {part.end for part in parts}
    if incomplete or "cancel" in ends or not parts:
        return "cancel"
    return "timeout" if "timeout" in ends else "normal"


def _connections(parts: Sequence[Part]) -> tuple[ConnectionResult, ...]:
    """In the plan's order."""
    found = sorted((each for part in parts for each in part.connections), key=lambda each: each.number)
    return tuple(
        ConnectionResult(target=each.target, count=each.count, pods=each.pods, reconnects=each.reconnects)
        for each in found
    )


def _generator(part: Part) -> GeneratorResult:
    wall_ns = max(1, part.use.wall_ns)
    return GeneratorResult(
        cpu=part.use.cpu_ns / wall_ns,
        starved=part.use.starved_ns / wall_ns,
        late=part.late,
        lateness=part.lateness,
    )
