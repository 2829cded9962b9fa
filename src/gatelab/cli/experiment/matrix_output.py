"""The report of a matrix as text: the cells with their medians, what is no pass, and what has changed."""

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gatelab.cli.experiment.output import WIDTH, printed
from gatelab.experiment.matrix.report import Comparison, MatrixReport
from gatelab.reports.matrix_tables import CHANGE_TITLES, Row, changes, findings, overview, verdict_line

_COLOURS = {"pass": "green", "better": "green", "fail": "red", "worse": "red", "could not run": "red"}


def matrix_text(report: MatrixReport, *, colours: bool = False, width: int = WIDTH) -> str:
    """Without `colours` plain text. Ranges stand below the medians: beside them they would be broken in the middle."""
    titles, rows = overview(report)
    runs = f"{report.repetitions} repetition{'' if report.repetitions == 1 else 's'}"
    head = f"Experiment {report.experiment}: {len(report.cells)} cells, {runs}; medians, and the range in parentheses"
    parts: list[RenderableType] = [
        Text(head),
        _table(titles, [tuple(cell.replace(" (", "\n(") for cell in row) for row in rows]),
    ]
    parts += [
        Text.assemble("  ", (f"{result:<14}", _COLOURS.get(result, "yellow")), f" {cell}: {sentence}")
        for cell, result, sentence in findings(report)
    ]
    parts += [Text(f"  note: {note}") for note in report.notes]
    parts += [Text(f"  note ({cell.name}): {note}") for cell in report.cells for note in cell.notes]
    if report.comparison is not None:
        parts += _comparison(report.comparison)
    verdict = verdict_line(report)
    parts.append(
        Text.assemble("\nVerdict: ", (report.verdict, _COLOURS[report.verdict]), verdict[len(report.verdict) :])
    )
    return printed(*parts, colours=colours, width=width)


def _comparison(comparison: Comparison) -> list[RenderableType]:
    worth = [change for change in comparison.changes if change.result not in ("same", "cannot tell")]
    rows = list(changes(worth))
    head = f"\nAgainst the baseline: {comparison.sentence}"
    notes = [Text(f"  note: {note}") for note in comparison.notes]
    return [Text(head), *notes, *([_table(CHANGE_TITLES, rows)] if rows else [])]


def _table(titles: Row, rows: list[Row]) -> RenderableType:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    return table
