"""What ghz has found, from its JSON. Pure.

It keeps the time and the status of each of its first million calls, so that percentiles are exact. It knows neither
when a call was meant to start, nor who answered, nor what went over which connection.
"""

from collections.abc import Mapping, Sequence

import msgspec

from gatelab.experiment.errors import CouldNotRun
from gatelab.load import Histogram, LoadResult

MOST_ERRORS = 100
"""Distinct texts of errors, as with gatelab's own engines."""
REMARK = "made by ghz, which does not tell response times, pods, connections and seconds: those are not measured"


class _Detail(msgspec.Struct, gc=False):
    """One call; `latency` in nanoseconds."""

    latency: int
    error: str = ""


class GhzReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of it; `total` in nanoseconds. Go writes null for what is empty."""

    count: int
    total: int
    errors: dict[str, int] | None = msgspec.field(name="errorDistribution", default=None)
    statuses: dict[str, int] | None = msgspec.field(name="statusCodeDistribution", default=None)
    details: list[_Detail] | None = None


def read_report(text: bytes) -> GhzReport:
    """Raises CouldNotRun when it is none."""
    try:
        return msgspec.json.decode(text, type=GhzReport)
    except msgspec.MsgspecError as error:
        raise CouldNotRun(f"ghz's report is not what it was in version 0.121.0: {error}") from error


def load_result(reports: Sequence[GhzReport], *, planned: int, rps: float, started: float) -> LoadResult:
    """The reports of processes that shared a path's load, put together. `planned` are the calls that there should be,
    0 of a load that was stopped.
    """
    statuses = _summed([each.statuses or {} for each in reports])
    service, count = Histogram(), sum(each.count for each in reports)
    timed = 0
    for each in reports:
        details = each.details or []
        timed += len(details)
        if times := [detail.latency for detail in details if not detail.error]:
            service.record_all(times)
    return LoadResult(
        count=count,
        errors=count - statuses.get("OK", 0),
        statuses=statuses,
        error_messages=_limited(_summed([each.errors or {} for each in reports])),
        pods={},
        connections=(),
        service=service,
        response=Histogram(),
        started=started,
        elapsed_s=max((each.total for each in reports), default=0) / 1e9,
        intended_rps=rps,
        remarks=_remarks(count, timed, planned),
    )


def nothing(rps: float) -> LoadResult:
    """Of a path whose turn never came."""
    return load_result([], planned=0, rps=rps, started=0.0)


def _remarks(count: int, timed: int, planned: int) -> tuple[str, ...]:
    remarks = [REMARK]
    if count > timed:
        remarks.append(f"ghz keeps the times of {timed} calls at most: the percentiles are those of the first calls")
    if count < planned:
        remarks.append(f"ghz made {count} of {planned} calls in its time: it, or what it called, could not keep up")
    return tuple(remarks)


def _summed(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            found[name or "Unknown"] = found.get(name or "Unknown", 0) + count
    return found


def _limited(messages: Mapping[str, int]) -> dict[str, int]:
    kept = dict(list(messages.items())[:MOST_ERRORS])
    rest = sum(messages.values()) - sum(kept.values())
    return kept | ({"(other errors)": rest} if rest else {})
