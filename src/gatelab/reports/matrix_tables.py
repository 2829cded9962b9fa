"""The figures of a matrix as rows of text, the same for every format."""

from collections.abc import Iterator, Sequence

from gatelab.experiment.axes import shown
from gatelab.experiment.expression import Unit
from gatelab.experiment.figures import FIGURES
from gatelab.experiment.matrix.report import CellReport, Change, FigureReport, MatrixReport

SHOWN = ("p50", "p99", "response.p99", "added_latency.p50", "rps", "errors", "spread.jain")
"""The figures of the overview."""
Row = tuple[str, ...]


def overview(report: MatrixReport) -> tuple[Row, list[Row]]:
    """Titles and rows: a cell each, with its axes, result and median figures; behind them the range."""
    axes = list(dict.fromkeys(axis for cell in report.cells for axis in cell.axes))
    figures = [name for name in SHOWN if any(name in cell.figures for cell in report.cells)]
    titles = (*(axes or ["cell"]), "result", "runs", *(_titled(name) for name in figures))
    return titles, [_cell(cell, axes, figures) for cell in report.cells]


def _cell(cell: CellReport, axes: Sequence[str], figures: Sequence[str]) -> Row:
    values = [shown(cell.axes[axis]) for axis in axes] or [cell.name]
    found = [cell.figures.get(name) for name in figures]
    return (*values, cell.result, str(cell.repetitions), *("–" if each is None else ranged(each) for each in found))


def _titled(name: str) -> str:
    return f"{name}, ms" if FIGURES[name].unit == "duration" else name


def ranged(figure: FigureReport) -> str:
    """`2.10 (2.05–2.31)`; the value alone where all are the same."""
    median, least, most = (_number(each, figure.unit) for each in (figure.median, figure.min, figure.max))
    return median if least == most else f"{median} ({least}–{most})"


def value_text(value: float, unit: Unit) -> str:
    """With its unit."""
    return f"{_number(value, unit)} ms" if unit == "duration" else _number(value, unit)


def _number(value: float, unit: Unit) -> str:
    return f"{value / 1e6:.2f}" if unit == "duration" else f"{value:.4g}"


def findings(report: MatrixReport) -> Iterator[Row]:
    """Cell, result and sentence of everything that is no pass."""
    for cell in report.cells:
        if cell.reason is not None:
            what = cell.result if not cell.repetitions else "repetitions are missing"
            yield cell.name, what, cell.reason
        yield from ((cell.name, check.result, check.sentence) for check in cell.checks if check.result != "pass")


def changes(found: Sequence[Change]) -> Iterator[Row]:
    """Cell, figure, baseline, now, change, result."""
    for change in found:
        unit = FIGURES[change.figure].unit if change.figure in FIGURES else "number"
        by = "" if change.relative is None else f"{change.relative:+.1%}"
        before, now = (value_text(each, unit) for each in (change.baseline, change.now))
        yield change.cell, change.figure, before, now, by, change.result


CHANGE_TITLES: Row = ("cell", "figure", "baseline", "now", "change", "result")


_BASELINE = {
    "pass": "nothing is worse than the baseline",
    "fail": "worse than the baseline",
    "inconclusive": "the comparison with the baseline is inconclusive",
}


def verdict_line(report: MatrixReport) -> str:
    """`fail: 3 of 4 cells passed, 1 could not run; partial`"""
    passed = sum(1 for cell in report.cells if cell.result == "pass")
    unrun = sum(1 for cell in report.cells if cell.result == "could not run")
    parts = [f"{passed} of {len(report.cells)} cells passed"]
    parts += [f"{unrun} could not run"] if unrun else []
    parts += ["interrupted: the report is partial"] if not report.complete else []
    parts += [_BASELINE[report.comparison.result]] if report.comparison is not None else []
    return f"{report.verdict}: {', '.join(parts)}"
