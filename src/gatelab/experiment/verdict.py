"""From three load results to the report's figures and the verdict. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from gatelab.experiment.counting import ROUGH, Counted
from gatelab.experiment.expression import Expression
from gatelab.experiment.file import Expect
from gatelab.experiment.report import (
    Check,
    Connection,
    Counting,
    PathReport,
    Percentiles,
    Result,
    SpreadReport,
    Verdict,
    WeightsReport,
)
from gatelab.experiment.weights import spread_report, tested
from gatelab.kinds.durations import parse_duration_ns
from gatelab.load import LoadResult
from gatelab.spread import measure


def path_report(
    result: LoadResult,
    pods: Sequence[str],
    expect: Expect,
    unit: str,
    counted: Counted,
    expected: Mapping[str, float] | None = None,
) -> PathReport:
    """The figures of one path. `unit` "connection" tests how connections fell on pods, "request" how requests did.

    `expected` are the shares that weights give the pods, None or empty if all are even.
    """
    connections = tuple(Connection(pods=dict(each.pods), reconnects=each.reconnects) for each in result.connections)
    return PathReport(
        requests=result.count,
        errors=result.errors,
        statuses=dict(result.statuses),
        error_messages=dict(result.error_messages),
        pods=dict(measure(counted.pods, pods).counts),
        connections=connections,
        spread=_spread(counted, connections, pods, expect, unit, expected or {}),
        service_time_ns=Percentiles.of(result.service),
        response_time_ns=None if _is_without_instants(result) else Percentiles.of(result.response),
        notes=(*_notes(result), *counted.notes),
        counting=_counting(result, counted),
        series=result.series,
    )


def _is_without_instants(result: LoadResult) -> bool:
    """Whether the generator knows no intended instants: it has timed calls, and no response."""
    return bool(result.service.count) and not result.response.count


def _counting(result: LoadResult, counted: Counted) -> Counting:
    envoy = counted.envoy
    return Counting(
        source=counted.source,
        sentence=counted.sentence,
        metadata=dict(result.pods),
        unattributed=envoy.unattributed if envoy else 0,
        envoys=envoy.envoys if envoy else 0,
        readings=envoy.readings if envoy else 0,
    )


def _spread(
    counted: Counted,
    connections: Sequence[Connection],
    pods: Sequence[str],
    expect: Expect,
    unit: str,
    expected: Mapping[str, float],
) -> SpreadReport:
    spread = measure(counted.pods, pods)
    units = spread if unit == "request" else measure(_busiest(connections), pods)
    test = tested(units.counts, expected, expect, unit=unit)
    if counted.source == "cpu":
        test = msgspec.structs.replace(test, result="inconclusive", sentence=ROUGH)
    return spread_report(spread, test, expected)


def _busiest(connections: Sequence[Connection]) -> Mapping[str, int]:
    """Connections per pod: each counts for the pod that got most of its requests."""
    counts: dict[str, int] = {}
    for connection in connections:
        if connection.pods:
            pod, _ = max(connection.pods.items(), key=lambda counted: counted[1])
            counts[pod] = counts.get(pod, 0) + 1
    return counts


def _notes(result: LoadResult) -> tuple[str, ...]:
    notes = [*([result.saturated] if result.saturated else []), *result.remarks]
    if result.unsent:
        notes.append(f"{result.unsent} calls were due and never sent, because too many were in flight")
    if result.retried:
        notes.append(f"{result.retried} calls were sent again after the server had refused to look at them")
    reconnects = sum(each.reconnects for each in result.connections)
    if reconnects:
        notes.append(f"connections were made anew {reconnects} times")
    return tuple(notes)


def checks(
    paths: Mapping[str, PathReport], expect: Expect, ready_pods: int, weights: WeightsReport | None = None
) -> tuple[Check, ...]:
    """Every claim that the verdict rests on, in the order in which they are worth reading; of those paths only."""
    found = [_errors(paths, expect)]
    if "l7" in paths:
        found.append(_evenly_spread(paths["l7"]))
    if weights is not None:
        test = weights.test
        found.append(Check(name="l7_weights", result=test.result, sentence=f"L7, {weights.route}: {test.sentence}"))
    if expect.l4_pinned and "l4" in paths:
        found.append(_pinned(paths["l4"]))
    if expect.pods is not None:
        claim = f"{ready_pods} pods are ready, {expect.pods} expected"
        found.append(Check(name="pods", result="pass" if ready_pods == expect.pods else "fail", sentence=claim))
    for name, limit in (("p50", expect.p50), ("p99", expect.p99)):
        if limit is not None and "l7" in paths:
            found.append(_limit(name, limit, paths["l7"].service_time_ns))
    return tuple(found)


def expectation(expression: Expression, figures: Mapping[str, float]) -> Check:
    """Of a figure that was not measured nothing is met."""
    value = figures.get(expression.name)
    if value is None:
        return Check(name=expression.text, result="fail", sentence=f"{expression.name} was not measured")
    result: Result = "pass" if expression.is_met_by(value) else "fail"
    sentence = f"{expression.name} is {expression.shown(value)}, expected {expression.text}"
    return Check(name=expression.text, result=result, sentence=sentence)


def verdict(found: Sequence[Check]) -> Verdict:
    """pass when every claim is shown. What could not be told is not shown."""
    return "pass" if all(check.result == "pass" for check in found) else "fail"


def _errors(paths: Mapping[str, PathReport], expect: Expect) -> Check:
    errors = {name: path.errors for name, path in paths.items()}
    silent = [name for name, path in paths.items() if not path.requests]
    total = sum(errors.values())
    if silent:
        return Check(name="errors", result="fail", sentence=f"no call ended on {', '.join(silent)}")
    shown = ", ".join(f"{name} {count}" for name, count in errors.items())
    sentence = f"{total} failed calls ({shown}), {expect.errors} allowed"
    return Check(name="errors", result="pass" if total <= expect.errors else "fail", sentence=sentence)


def _evenly_spread(l7: PathReport) -> Check:
    if l7.requests and not sum(l7.pods.values()):
        return Check(name="l7_spread", result="inconclusive", sentence=f"L7: {l7.counting.sentence}")
    return Check(name="l7_spread", result=l7.spread.test.result, sentence=f"L7: {l7.spread.test.sentence}")


def _pinned(l4: PathReport) -> Check:
    """The control: were L4 to spread single connections too, the Gateway's spread would show nothing."""
    wandering = sum(1 for each in l4.connections if len(each.pods) > 1 + each.reconnects)
    known = sum(1 for each in l4.connections if each.pods)
    if not l4.requests:
        return Check(name="l4_pinned", result="inconclusive", sentence="L4: no call ended, so no connection was seen")
    if not known:
        sentence = (
            f"L4: which pods the connections reached is unknown: {l4.counting.sentence}; "
            "expect.l4_pinned: false does without this control"
        )
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
