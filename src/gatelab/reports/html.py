"""An experiment's report as one page that needs no network."""

from collections.abc import Iterator

import msgspec

from gatelab.experiment.report import PathReport, Percentiles, Report
from gatelab.reports.latency_chart import Curve, latency_chart
from gatelab.reports.pages import rendered
from gatelab.reports.pod_chart import Bars, pod_chart
from gatelab.reports.series_chart import Mark, Track, series_charts
from gatelab.reports.vega import Chart, Table

TITLES = {"direct": "direct to the pods", "l4": "through the Service (L4)", "l7": "through the Gateway (L7)"}


def page(report: Report) -> str:
    """The page. Texts of users (names, error messages) are escaped; figures are the report's."""
    marks = [Mark(each.second, each.text, each.what == "turn") for each in report.events]
    return rendered(
        "experiment.html",
        title=f"Experiment {report.experiment}",
        report=report,
        load=_load(report),
        verdict=verdict_in_words(report),
        tiles_shown=list(_tiles(report)),
        pods=_pods(report),
        spread=_spread(report),
        weights=_weights(report),
        latencies=_latencies(report),
        added=_percentile_table({"L7 less direct, ms": report.added_latency_percentiles_ns}, sign="+"),
        series=_series(report, marks),
        marks=[mark for mark in marks if not mark.is_turn],
        calls=_calls(report),
        errors=_errors(report),
        notes=[(TITLES[name], note) for name, path in _paths(report).items() for note in path.notes],
        environment=list(_environment(report)),
    )


def verdict_in_words(report: Report) -> str:
    """How many of the claims hold, and what kept the others from it."""
    total = len(report.checks)
    counts = {result: sum(check.result == result for check in report.checks) for result in ("fail", "inconclusive")}
    if not any(counts.values()):
        return f"All {total} claims hold."
    parts = [f"{counts['fail']} of {total} claims do not hold"] if counts["fail"] else []
    parts += [f"{counts['inconclusive']} of {total} could not be told"] if counts["inconclusive"] else []
    return f"{', '.join(parts)}."


def _paths(report: Report) -> dict[str, PathReport]:
    return {"direct": report.direct, "l4": report.l4, "l7": report.l7}


def _load(report: Report) -> str:
    load = report.load
    connections = f"{load.connections} connection{'' if load.connections == 1 else 's'}"
    return f"{load.rps:g} calls a second for {load.duration_s:g} s over {connections}, on each of three paths in turns."


def _tiles(report: Report) -> Iterator[tuple[str, str]]:
    l4, l7 = report.l4, report.l7
    for name, path in (("L7", l7), ("L4", l4)):
        known = path.counting.source != "none"
        yield (f"{path.spread.pods_hit} of {len(path.pods)}" if known else "?"), f"pods hit at {name}"
    yield f"{report.added_latency_ns / 1e6:+.2f} ms", "what the Gateway adds to the median call"
    yield f"{l7.service_time_ns.p99 / 1e6:.2f} ms", "p99 through the Gateway"
    yield f"{l7.errors + l4.errors + report.direct.errors}", "failed calls on all paths"
    yield f"{report.first_ok_s:.2f} s", "to the first OK call"


def _pods(report: Report) -> Chart:
    bars = [
        # What chance does at L4 is said below: it has no shares.
        Bars(name, TITLES[name], path.pods, path.spread.expected if name == "l7" else None)
        for name, path in (("l4", report.l4), ("l7", report.l7))
        if path.counting.source != "none"
    ]
    return pod_chart("Requests that each pod got, at layer 4 and at layer 7", bars)


def _spread(report: Report) -> Table:
    head = ("path", "pods hit", "max − min", "max / min", "CV", "Jain", "equal within", "result")
    rows = tuple(
        (
            TITLES[name],
            f"{path.spread.pods_hit}",
            f"{path.spread.max_minus_min}",
            "–" if path.spread.max_over_min is None else f"{path.spread.max_over_min:.3g}",
            f"{path.spread.coefficient_of_variation:.3f}",
            f"{path.spread.jain:.4f}",
            f"±{path.spread.test.bound:.0%}",
            path.spread.test.result,
        )
        for name, path in (("l4", report.l4), ("l7", report.l7))
    )
    return Table(head, rows)


def _weights(report: Report) -> Table | None:
    if report.weights is None:
        return None
    level = f"{report.weights.test.confidence:.0%} interval"
    rows = tuple(
        (
            each.backend,
            f"{each.expected:.2%}",
            f"{each.requests}",
            f"{each.share:.2%}",
            f"{each.low:.2%} to {each.high:.2%}",
            each.result,
        )
        for each in report.weights.backends
    )
    return Table(("backend", "weight's share", "requests", "share", level, "result"), rows)


def _latencies(report: Report) -> list[Chart]:
    paths = _paths(report)
    measured = {
        "Service time by percentile": {name: path.service_time_ns for name, path in paths.items()},
        "Response time by percentile": {
            name: times for name, path in paths.items() if (times := path.response_time_ns) is not None
        },
    }
    return [
        latency_chart(caption, [Curve(name, TITLES[name], percentiles(times)) for name, times in found.items()])
        for caption, found in measured.items()
        if found
    ]


def percentiles(times: Percentiles) -> dict[float, int]:
    """Percent to nanoseconds, in the order of the report."""
    return {
        float(field.encode_name.removeprefix("p")): getattr(times, field.name)
        for field in msgspec.structs.fields(Percentiles)
    }


def _percentile_table(rows: dict[str, Percentiles], sign: str = "") -> Table:
    heads = tuple(field.encode_name for field in msgspec.structs.fields(Percentiles))
    found = tuple(
        (said, *(f"{ns / 1e6:{sign}.2f}" for ns in percentiles(each).values())) for said, each in rows.items()
    )
    return Table(("", *heads), found)


def _series(report: Report, marks: list[Mark]) -> list[Chart]:
    tracks = [Track(name, TITLES[name], path.series) for name, path in _paths(report).items() if path.series]
    return list(series_charts(tracks, marks)) if tracks else []


def _calls(report: Report) -> Table:
    statuses = list(dict.fromkeys(status for path in _paths(report).values() for status in path.statuses))
    rows = tuple(
        (
            TITLES[name],
            f"{path.requests}",
            f"{path.errors}",
            *(f"{path.statuses.get(status, 0)}" for status in statuses),
            f"{sum(each.reconnects for each in path.connections)}" if path.connections else "–",
        )
        for name, path in _paths(report).items()
    )
    return Table(("path", "calls", "failed", *statuses, "reconnections"), rows)


def _errors(report: Report) -> Table:
    rows = tuple(
        (TITLES[name], f"{count}", message)
        for name, path in _paths(report).items()
        for message, count in path.error_messages.items()
    )
    return Table(("path", "calls", "error"), rows)


def _environment(report: Report) -> Iterator[tuple[str, str]]:
    yield "cores", f"{report.environment.cpus}"
    yield "machine", report.environment.machine
    yield "kernel", report.environment.kernel
    yield "Python", report.environment.python
    yield from report.versions.items()
    if report.startup_s is not None:
        yield "lab ready", f"after {report.startup_s:.2f} s"
    yield "all pods ready", f"after {report.pods_ready_s:.2f} s"
    if report.memory_pss_bytes is not None:
        yield "memory", f"{report.memory_pss_bytes / 1e6:.0f} MB"
    if report.cpu_millicores:
        yield "CPU of the pods", ", ".join(f"{pod} {cpu:.0f}m" for pod, cpu in report.cpu_millicores.items())
