"""The report of a matrix as one page that needs no network."""

import msgspec

from gatelab.experiment.matrix.report import MatrixReport
from gatelab.reports.cell_chart import cell_chart
from gatelab.reports.matrix_tables import CHANGE_TITLES, changes, findings, overview, verdict_line
from gatelab.reports.pages import rendered
from gatelab.reports.vega import Table


def page(report: MatrixReport) -> str:
    """The page: the cells with their medians, what did not pass, and what has changed."""
    titles, rows = overview(report)
    environment = {**msgspec.structs.asdict(report.environment), **report.versions}
    compared = report.comparison.changes if report.comparison is not None else ()
    return rendered(
        "matrix.html",
        title=f"Experiment {report.experiment}",
        report=report,
        sentence=verdict_line(report).partition(": ")[2],
        chart=cell_chart(report),
        overview=Table(titles, tuple(rows)),
        findings=Table(("cell", "result", "what was found"), tuple(findings(report))),
        changes=Table(CHANGE_TITLES, tuple(changes(compared))),
        notes=[*report.notes, *(f"{cell.name}: {note}" for cell in report.cells for note in cell.notes)],
        environment=[(name, str(value)) for name, value in environment.items()],
    )
