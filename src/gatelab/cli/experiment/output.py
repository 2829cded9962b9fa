"""The report as text: both spreads side by side, latencies, and what the verdict rests on."""

import io
from collections.abc import Sequence
from typing import Literal

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gatelab.experiment.report import Check, PathReport, Report, Result, SpreadReport, WeightsReport

WIDTH = 118
"""At most, and where the report is not for a terminal."""
_BAR_CELLS = 20
_BESIDE_BARS = 2 * (6 + 1) + 5 + 6 * 2 + 5 + 2
"""Both shares, the CPU, and what is around and between six columns."""
_SHOWN = ("p50", "p90", "p99", "p99_9")
_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}


def text_of(report: Report, *, colours: bool = False, width: int = WIDTH) -> str:
    """The report for people, in so many columns. Without `colours` it is plain text."""
    parts = (_head(report), _pods(report, width), *_expected(report), *_latencies(report, width), *_checks(report))
    return printed(*parts, colours=colours, width=width)


def _head(report: Report) -> RenderableType:
    load = report.load
    connections = f"{load.connections} connection{'' if load.connections == 1 else 's'}"
    started = f"lab ready in {report.startup_s:.2f} s, " if report.startup_s is not None else ""
    memory = f", memory {report.memory_pss_bytes / 1e6:.0f} MB" if report.memory_pss_bytes else ""
    what = f"{load.rps:g} calls/s for {load.duration_s:g} s over {connections} on each path"
    ready = f"first OK call after {report.first_ok_s:.2f} s, all pods ready after {report.pods_ready_s:.2f} s"
    return Text(f"Experiment {report.experiment}: {what}\n{started}{ready}{memory}")


def _pods(report: Report, width: int) -> RenderableType:
    is_narrow = width < WIDTH
    room = _room_for_bars(report, width) if is_narrow else _BAR_CELLS
    table = Table(box=SIMPLE, padding=(0, 1), title="Requests per pod", title_justify="left")
    # A long name takes two lines: cut off, it would lose the end, by which pods differ, and the counts their room.
    table.add_column("pod", overflow="fold")
    for title in ("L4", "L7") if is_narrow else ("through the Service (L4)", "through the Gateway (L7)"):
        table.add_column("", justify="right", no_wrap=True)
        table.add_column(title, no_wrap=True)
    table.add_column("CPU", justify="right", no_wrap=True)
    for pod in report.l7.pods:
        cells = [cell for path in (report.l4, report.l7) for cell in _bar(path, pod, room)]
        cpu = report.cpu_millicores.get(pod)
        table.add_row(pod, *cells, f"{cpu:.0f}m" if cpu is not None else "")
    return table


def _room_for_bars(report: Report, width: int) -> int:
    """Characters of each of the two bars beside whole names of pods."""
    names = max(map(len, report.l7.pods), default=0)
    counts = sum(len(f"{max(path.pods.values(), default=0):g}") for path in (report.l4, report.l7))
    return max(0, min(_BAR_CELLS, (width - names - counts - _BESIDE_BARS) // 2))


def _bar(path: PathReport, pod: str, cells: int) -> tuple[str, str]:
    if path.counting.source == "none":
        return "?", "unknown"
    return bar(path.pods.get(pod, 0), sum(path.pods.values()), cells)


def bar(count: float, total: float, cells: int = _BAR_CELLS) -> tuple[str, str]:
    """A pod's count, and its share as a number and as a bar of so many characters."""
    share = count / (total or 1)
    full = round(cells * share)
    return f"{count:g}", f"{share:6.1%} {'█' * full}{'·' * (cells - full)}".rstrip()


def spread_figures(spread: SpreadReport) -> str:
    """`5 hit, max - min 1, …`"""
    over_min = "" if spread.max_over_min is None else f", max / min {spread.max_over_min:.3g}"
    figures = f"CV {spread.coefficient_of_variation:.3f}, Jain {spread.jain:.4f}"
    return f"{spread.pods_hit} hit, max - min {spread.max_minus_min}{over_min}, {figures}"


def _expected(report: Report) -> list[RenderableType]:
    hit = "unknown" if report.l4.counting.source == "none" else f"{report.l4.spread.pods_hit} hit"
    prediction = [Text(f"  expected: {report.prediction.sentence}")] if report.prediction is not None else []
    return [
        Text(f"  expected: {report.expectation.sentence}"),
        *prediction,
        Text(f"  L4: {hit}.  L7: {spread_figures(report.l7.spread)}"),
        Text(f"  L7 counted {report.l7.counting.sentence}\n"),
        *([weights_table(report.weights)] if report.weights is not None else []),
    ]


def weights_table(weights: WeightsReport) -> RenderableType:
    """Each backend's share, beside the one that its weight gives it."""
    level = f"{weights.test.confidence:.0%} interval"
    table = Table(box=SIMPLE, padding=(0, 1), title=f"Weights of {weights.route}", title_justify="left")
    table.add_column("backend", overflow="fold")
    for title in ("weight's share", "requests", "share", level):
        table.add_column(title, justify="right", no_wrap=True)
    for each in weights.backends:
        interval = f"{each.low:.2%} to {each.high:.2%}"
        table.add_row(each.backend, f"{each.expected:.2%}", str(each.requests), f"{each.share:.2%}", interval)
    takes = Text(f"  a verdict by weight takes {weights.needed_for_verdict} requests to be had in 90% of runs")
    return Group(table, takes)


def _latencies(report: Report, width: int) -> list[RenderableType]:
    """Service and response time beside each other where there is room, else one below the other."""
    if width >= WIDTH:
        return [_latency_table(report, "Latency in ms", ("service", "response"))]
    return [_latency_table(report, f"{what.capitalize()} time in ms", (what,)) for what in ("service", "response")]


def _latency_table(report: Report, title: str, kinds: Sequence[Literal["service", "response"]]) -> RenderableType:
    padding = (0, 1) if len(kinds) > 1 else (0, 1, 0, 0)
    table = Table(box=SIMPLE, padding=padding, title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for what in kinds:
        for name in _SHOWN:
            percentile = name.replace("_", ".")
            table.add_column(f"{what}\n{percentile}" if len(kinds) > 1 else percentile, justify="right")
    table.add_column("calls", justify="right")
    table.add_column("errors", justify="right")
    rows = {"direct": report.direct, "L4 (Service)": report.l4, "L7 (Gateway)": report.l7}
    for path_title, path in rows.items():
        measured = {"service": path.service_time_ns, "response": path.response_time_ns}
        times = [
            "–" if (each := measured[what]) is None else f"{getattr(each, name) / 1e6:.2f}"
            for what in kinds
            for name in _SHOWN
        ]
        table.add_row(path_title, *times, str(path.requests), str(path.errors))
    if "service" in kinds:
        added = [f"{getattr(report.added_latency_percentiles_ns, name) / 1e6:+.2f}" for name in _SHOWN]
        table.add_row("L7 - direct", *added)
    return table


def _checks(report: Report) -> list[RenderableType]:
    notes = [
        Text(f"  note ({name}): {note}")
        for name, path in (("L7", report.l7), ("L4", report.l4), ("direct", report.direct))
        for note in path.notes
    ]
    errors = [
        Text(f"  error ({name}, {count} times): {message}")
        for name, path in (("L7", report.l7), ("L4", report.l4), ("direct", report.direct))
        for message, count in path.error_messages.items()
    ]
    return [*errors, *notes, *claims(report.checks, report.verdict)]


def claims(checks: Sequence[Check], verdict: Result) -> list[RenderableType]:
    """What the verdict rests on, and the verdict."""
    lines = [
        Text.assemble("  ", (f"{check.result:<12}", _COLOURS[check.result]), f" {check.sentence}") for check in checks
    ]
    return [*lines, Text.assemble("\nVerdict: ", (verdict, _COLOURS[verdict]))]


def printed(*parts: RenderableType, colours: bool = False, width: int = WIDTH) -> str:
    """The parts as text, one below the other, in at most so many columns. Without `colours` it is plain."""
    stream = io.StringIO()
    console = Console(
        file=stream, width=min(width, WIDTH), force_terminal=colours, no_color=not colours, highlight=False
    )
    console.print(Group(*parts))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
