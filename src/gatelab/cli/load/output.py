"""The report of a load run as text: ghz's summary, with what is added here."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gatelab.load import Histogram, LoadResult
from gatelab.spread import Spread

if TYPE_CHECKING:
    from gatelab.cli.load.expectations import Finding

PERCENTILES = (10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99)
_BAR = "∎"
_BAR_CELLS = 40
_ROWS = 10


def summary(result: LoadResult, spread: Spread, *, name: str | None, findings: "Sequence[Finding]" = ()) -> str:
    """The text that ghz prints, with response times beside service times, requests per pod, and what to beware of."""
    service = result.service
    lines = ["", "Summary:"]
    lines += [f"  Name:\t\t{name}"] if name else []
    lines += [
        f"  Count:\t{result.count}",
        f"  Total:\t{duration_text(round(result.elapsed_s * 1e9))}",
        f"  Slowest:\t{duration_text(service.max_ns)}",
        f"  Fastest:\t{duration_text(service.min_ns)}",
        f"  Average:\t{duration_text(round(service.mean_ns))}",
        f"  Requests/sec:\t{result.rps:.2f}",
    ]
    lines += ["", "Response time histogram:", *_histogram_lines(service)]
    lines += ["", "Latency distribution:", *(_latency_lines(result) if service.count else ())]
    statuses = [(f"  [{status}]", f"{count} responses") for status, count in _largest_first(result.statuses)]
    lines += ["", "Status code distribution:", *_columns(statuses)]
    if result.error_messages:
        errors = [(f"  [{count}]", message) for message, count in _largest_first(result.error_messages)]
        lines += ["", "Error distribution:", *_columns(errors)]
    if spread.total:
        lines += ["", "Requests per pod:", *_pod_lines(spread)]
    if findings:
        lines += ["", "Expectations:", *(f"  {_verdict(each)}" for each in findings)]
    lines += ["", *(f"Note: {note}" for note in notes(result))] if notes(result) else []
    return "\n".join(lines)


def notes(result: LoadResult) -> Sequence[str]:
    """Sentences without which the figures mislead."""
    found = [each for each in (result.incomplete, result.saturated) if each]
    if result.unsent:
        found.append(f"{result.unsent} calls were due and never sent, because too many were in flight (-c)")
    if result.end_reason == "cancel" and not result.incomplete:
        found.append("the run was interrupted before its end")
    found += result.remarks
    if (warm_up := result.warm_up) is not None:
        duration = duration_text(round(warm_up.elapsed_s * 1e9))
        found.append(f"before it {warm_up.count} calls in {duration} of warm-up, {warm_up.errors} of them errors")
    return found


def _latency_lines(result: LoadResult) -> list[str]:
    service = result.service.percentiles(PERCENTILES)
    response = result.response.percentiles(PERCENTILES)
    shown = result.intended_rps > 0
    return [
        f"  {percent:g} % in {duration_text(mine)} " + (f"   response time {duration_text(theirs)} " if shown else "")
        for percent, mine, theirs in zip(PERCENTILES, service, response, strict=True)
    ]


def rows(histogram: Histogram) -> list[tuple[float, int]]:
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
    if not histogram.count:
        return []
    marks = rows(histogram)
    most = max(count for _, count in marks)
    width = max(len(str(count)) for _, count in marks)
    mark_width = max(len(f"{mark / 1e6:.3f}") for mark, _ in marks)
    return [
        f"  {mark / 1e6:<{mark_width}.3f} [{count}]{' ' * (width - len(str(count)))} |{_bar(count, most)}"
        for mark, count in marks
    ]


def _columns(cells: Sequence[tuple[str, str]]) -> list[str]:
    """As Go's tabwriter sets them: every column as wide as its widest cell, and three spaces more."""
    widths = [max((len(row[column]) for row in cells), default=0) + 3 for column in (0, 1)]
    return [f"{first:<{widths[0]}}{second:<{widths[1]}}" for first, second in cells]


def _verdict(finding: "Finding") -> str:
    return f"{'met' if finding.met else 'NOT MET'}: {finding.text} (it is {finding.value})"


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


def duration_text(value_ns: int) -> str:
    """As ghz formats: nanoseconds below 10 µs, milliseconds below a second, else seconds."""
    if value_ns < 10_000:
        return f"{value_ns} ns"
    if value_ns < 1_000_000_000:
        return f"{value_ns / 1e6:.2f} ms"
    return f"{value_ns / 1e9:.2f} s"
