"""From three load results to the report's figures and the verdict. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatelab.experiment.file import Expect
from gatelab.experiment.report import Check, Connection, PathReport, Percentiles, SpreadReport, SpreadTest, Verdict
from gatelab.kinds.durations import parse_duration_ns
from gatelab.load import LoadResult
from gatelab.spread import assess, measure


@dataclass(frozen=True, slots=True)
class Paths:
    """One thing for each path."""

    l7: PathReport
    l4: PathReport
    direct: PathReport

    def all(self) -> Mapping[str, PathReport]:
        return {"l7": self.l7, "l4": self.l4, "direct": self.direct}


def path_report(result: LoadResult, pods: Sequence[str], expect: Expect, *, unit: str) -> PathReport:
    """The figures of one path. `unit` "connection" tests how connections fell on pods, "request" how requests did."""
    connections = tuple(Connection(pods=dict(each.pods), reconnects=each.reconnects) for each in result.connections)
    return PathReport(
        requests=result.count,
        errors=result.errors,
        statuses=dict(result.statuses),
        error_messages=dict(result.error_messages),
        pods=dict(measure(result.pods, pods).counts),
        connections=connections,
        spread=_spread(result.pods, connections, pods, expect, unit),
        service_time_ns=Percentiles.of(result.service),
        response_time_ns=Percentiles.of(result.response),
        notes=_notes(result),
    )


def _spread(
    counts: Mapping[str, int], connections: Sequence[Connection], pods: Sequence[str], expect: Expect, unit: str
) -> SpreadReport:
    spread = measure(counts, pods)
    units = spread if unit == "request" else measure(_busiest(connections), pods)
    test = assess(tuple(units.counts.values()), bound=expect.bound, confidence=expect.confidence_level, unit=unit)
    return SpreadReport(
        pods_hit=spread.pods_hit,
        max_minus_min=spread.max_minus_min,
        coefficient_of_variation=round(spread.coefficient_of_variation, 6),
        jain=round(spread.jain, 6),
        test=SpreadTest(
            result=test.result,
            unit=unit,
            units=test.units,
            needed=test.needed,
            bound=expect.bound,
            confidence=expect.confidence_level,
            sentence=test.sentence,
        ),
    )


def _busiest(connections: Sequence[Connection]) -> Mapping[str, int]:
    """Connections per pod: each counts for the pod that got most of its requests."""
    counts: dict[str, int] = {}
    for connection in connections:
        if connection.pods:
            pod, _ = max(connection.pods.items(), key=lambda counted: counted[1])
            counts[pod] = counts.get(pod, 0) + 1
    return counts


def _notes(result: LoadResult) -> tuple[str, ...]:
    notes = [result.saturated] if result.saturated else []
    if result.unsent:
        notes.append(f"{result.unsent} calls were due and never sent, because too many were in flight")
    if result.retried:
        notes.append(f"{result.retried} calls were sent again after the server had refused to look at them")
    reconnects = sum(each.reconnects for each in result.connections)
    if reconnects:
        notes.append(f"connections were made anew {reconnects} times")
    return tuple(notes)


def checks(paths: Paths, expect: Expect, ready_pods: int) -> tuple[Check, ...]:
    """Every claim that the verdict rests on, in the order in which they are worth reading."""
    found = [_errors(paths, expect), _evenly_spread(paths.l7)]
    if expect.l4_pinned:
        found.append(_pinned(paths.l4))
    if expect.pods is not None:
        claim = f"{ready_pods} pods are ready, {expect.pods} expected"
        found.append(Check(name="pods", result="pass" if ready_pods == expect.pods else "fail", sentence=claim))
    for name, limit in (("p50", expect.p50), ("p99", expect.p99)):
        if limit is not None:
            found.append(_limit(name, limit, paths.l7.service_time_ns))
    return tuple(found)


def verdict(found: Sequence[Check]) -> Verdict:
    """pass when every claim is shown. What could not be told is not shown."""
    return "pass" if all(check.result == "pass" for check in found) else "fail"


def _errors(paths: Paths, expect: Expect) -> Check:
    errors = {name: path.errors for name, path in paths.all().items()}
    silent = [name for name, path in paths.all().items() if not path.requests]
    total = sum(errors.values())
    if silent:
        return Check(name="errors", result="fail", sentence=f"no call ended on {', '.join(silent)}")
    shown = ", ".join(f"{name} {count}" for name, count in errors.items())
    sentence = f"{total} failed calls ({shown}), {expect.errors} allowed"
    return Check(name="errors", result="pass" if total <= expect.errors else "fail", sentence=sentence)


def _evenly_spread(l7: PathReport) -> Check:
    if l7.requests and not sum(l7.pods.values()):
        sentence = "the backend does not say which pod answered: no x-pod-name in the response metadata"
        return Check(name="l7_spread", result="inconclusive", sentence=sentence)
    return Check(name="l7_spread", result=l7.spread.test.result, sentence=f"L7: {l7.spread.test.sentence}")


def _pinned(l4: PathReport) -> Check:
    """The control: were L4 to spread single connections too, the Gateway's spread would show nothing."""
    wandering = sum(1 for each in l4.connections if len(each.pods) > 1 + each.reconnects)
    known = sum(1 for each in l4.connections if each.pods)
    if not known:
        sentence = "L4: no connection is known to have reached a pod"
        return Check(name="l4_pinned", result="inconclusive", sentence=sentence)
    all_of = "the connection" if known == 1 else f"each of {known} connections"
    sentence = (
        f"L4: {wandering} of {known} connections reached more than one pod"
        if wandering
        else f"L4: {all_of} stayed on one pod"
    )
    return Check(name="l4_pinned", result="fail" if wandering else "pass", sentence=sentence)


def _limit(name: str, limit: str, times: Percentiles) -> Check:
    measured: int = getattr(times, name)
    allowed = parse_duration_ns(limit)
    sentence = f"L7 {name} is {measured / 1e6:.2f} ms, at most {allowed / 1e6:g} ms allowed"
    return Check(name=name, result="pass" if measured <= allowed else "fail", sentence=sentence)
