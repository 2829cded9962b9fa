"""Reports of a load run: ghz's summary and ghz's JSON, each with what is added here."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gatelab.load import Histogram, LoadResult
from gatelab.spread import Spread

PERCENTILES = (10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
_BAR = "∎"
_BAR_CELLS = 40
_ROWS = 10


def summary(result: LoadResult, spread: Spread, *, name: str | None) -> str:
    """The text that ghz prints, with response times beside service times, requests per pod, and what to beware of."""
    service = result.service
    lines = ["", "Summary:"]
    lines += [f"  Name:\t\t{name}"] if name else []
    lines += [
        f"  Count:\t{result.count}",
        f"  Total:\t{_duration(round(result.elapsed_s * 1e9))}",
        f"  Slowest:\t{_duration(service.max_ns)}",
        f"  Fastest:\t{_duration(service.min_ns)}",
        f"  Average:\t{_duration(round(service.mean_ns))}",
        f"  Requests/sec:\t{result.rps:.2f}",
    ]
    if service.count:
        lines += ["", "Response time histogram:", *_histogram_lines(service)]
        lines += ["", "Latency distribution:", *_latency_lines(result)]
    lines += ["", "Status code distribution:"]
    lines += [f"  [{status}]   {count} responses   " for status, count in _largest_first(result.statuses)]
    if result.error_messages:
        lines += ["", "Error distribution:"]
        lines += [f"  [{count}]   {message}   " for message, count in _largest_first(result.error_messages)]
    if spread.total:
        lines += ["", "Requests per pod:", *_pod_lines(spread)]
    lines += ["", *(f"Note: {note}" for note in notes(result))] if notes(result) else []
    return "\n".join(lines)


def notes(result: LoadResult) -> Sequence[str]:
    """Sentences without which the figures mislead."""
    found = [result.saturated] if result.saturated else []
    if result.unsent:
        found.append(f"{result.unsent} calls were due and never sent, because too many were in flight (-c)")
    if result.end_reason == "cancel":
        found.append("the run was interrupted before its end")
    return found


def document(result: LoadResult, spread: Spread, options: Mapping[str, Any], *, name: str | None) -> dict[str, Any]:
    """ghz's report as JSON (durations in ns), and below `pods` what ghz has not."""
    service, response = result.service, result.response
    return {
        **({"name": name} if name else {}),
        "date": datetime.fromtimestamp(result.started, UTC).isoformat(timespec="milliseconds"),
        "endReason": result.end_reason,
        "options": dict(options),
        "count": result.count,
        "total": round(result.elapsed_s * 1e9),
        "average": round(service.mean_ns),
        "fastest": service.min_ns,
        "slowest": service.max_ns,
        "rps": result.rps,
        "errorDistribution": dict(result.error_messages),
        "statusCodeDistribution": dict(result.statuses),
        "latencyDistribution": _distribution(service),
        "histogram": [
            {"mark": mark / 1e9, "count": count, "frequency": count / service.count} for mark, count in _rows(service)
        ],
        "details": [],
        "tags": {},
        "pods": {pod: count for pod, count in spread.counts.items() if count},
        "spread": {
            "maxMinusMin": spread.max_minus_min,
            "coefficientOfVariation": spread.coefficient_of_variation,
            "jain": spread.jain,
        },
        "connections": [
            {"target": f"{each.target[0]}:{each.target[1]}", "count": each.count, "pods": dict(each.pods)}
            for each in result.connections
        ],
        "errors": result.errors,
        "responseTimeDistribution": _distribution(response),
        "intendedRps": result.intended_rps,
        "unsent": result.unsent,
        "waited": result.waited,
        "retried": result.retried,
        "notes": list(notes(result)),
    }


def _distribution(histogram: Histogram) -> list[dict[str, float]]:
    found = histogram.percentiles(PERCENTILES)
    return [
        {"percentage": int(percent) if percent.is_integer() else percent, "latency": latency}
        for percent, latency in zip(PERCENTILES, found, strict=True)
    ]


def _latency_lines(result: LoadResult) -> list[str]:
    service = result.service.percentiles(PERCENTILES)
    response = result.response.percentiles(PERCENTILES)
    shown = result.intended_rps > 0
    return [
        f"  {percent:g} % in {_duration(mine)} " + (f"   response time {_duration(theirs)} " if shown else "")
        for percent, mine, theirs in zip(PERCENTILES, service, response, strict=True)
    ]


def _rows(histogram: Histogram) -> list[tuple[float, int]]:
    """(upper edge in ns, count): the fastest, then ten equal steps to the slowest, as in ghz."""
    if not histogram.count:
        return []
    step = (histogram.max_ns - histogram.min_ns) / _ROWS
    marks = [histogram.min_ns + step * row for row in range(_ROWS)] + [float(histogram.max_ns)]
    counts = [0] * len(marks)
    row = 0
    for middle, count in histogram.buckets():
        # A bucket is known by its middle, which is up to 1/2048 above the value recorded.
        while row < _ROWS and middle * (1 - 1 / 2048) > marks[row]:
            row += 1
        counts[row] += count
    return list(zip(marks, counts, strict=True))


def _histogram_lines(histogram: Histogram) -> list[str]:
    rows = _rows(histogram)
    most = max(count for _, count in rows)
    width = max(len(str(count)) for _, count in rows)
    mark_width = max(len(f"{mark / 1e6:.3f}") for mark, _ in rows)
    return [
        f"  {mark / 1e6:<{mark_width}.3f} [{count}]{' ' * (width - len(str(count)))} |{_bar(count, most)}"
        for mark, count in rows
    ]


def _pod_lines(spread: Spread) -> list[str]:
    most = max(spread.counts.values())
    name_width = max(len(pod) for pod in spread.counts)
    count_width = len(str(most))
    lines = [
        f"  {pod:<{name_width}}  {count:>{count_width}}  {spread.shares[pod]:6.1%}  |{_bar(count, most)}"
        for pod, count in spread.counts.items()
    ]
    variation = f"coefficient of variation {spread.coefficient_of_variation:.1%}"
    return [*lines, f"  max - min {spread.max_minus_min}, {variation}, Jain's index {spread.jain:.3f}"]


def _bar(count: int, most: int) -> str:
    return _BAR * ((count * _BAR_CELLS + most // 2) // most) if most else ""


def _largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _duration(value_ns: int) -> str:
    """As ghz formats: nanoseconds below 10 µs, milliseconds below a second, else seconds."""
    if value_ns < 10_000:
        return f"{value_ns} ns"
    if value_ns < 1_000_000_000:
        return f"{value_ns / 1e6:.2f} ms"
    return f"{value_ns / 1e9:.2f} s"
