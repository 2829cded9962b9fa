"""The report of a matrix: one JSON document, described field by field in docs/report.md."""

from typing import Literal

from gatelab.experiment.axes import Value
from gatelab.experiment.expression import Unit
from gatelab.experiment.figures import Better
from gatelab.experiment.report import Check, Environment, Part, Result, Verdict

CellResult = Literal["pass", "fail", "inconclusive", "could not run"]
ChangeResult = Literal["same", "better", "worse", "changed", "cannot tell"]


class FigureReport(Part, frozen=True):
    """A figure over the repetitions. Durations are in nanoseconds."""

    unit: Unit
    better: Better
    median: float
    min: float
    max: float
    values: tuple[float, ...]


class CellReport(Part, frozen=True):
    """One combination of the matrix."""

    name: str
    axes: dict[str, Value]
    result: CellResult
    reason: str | None
    repetitions: int
    figures: dict[str, FigureReport]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()


class Change(Part, frozen=True):
    """A figure now and in the baseline. `relative` is the change by the baseline's median; None where that is 0."""

    cell: str
    figure: str
    result: ChangeResult
    baseline: float
    now: float
    relative: float | None
    p: float


class Comparison(Part, frozen=True):
    """With a saved report. `notes` say what makes the two hard to compare."""

    result: Result
    tolerance: float
    level: float
    changes: tuple[Change, ...]
    sentence: str
    notes: tuple[str, ...]


class MatrixReport(Part, frozen=True):
    experiment: str
    verdict: Verdict
    complete: bool
    repetitions: int
    cells: tuple[CellReport, ...]
    comparison: Comparison | None
    notes: tuple[str, ...]
    definition: str
    versions: dict[str, str]
    environment: Environment
    commands: tuple[str, ...]
    kind: Literal["matrix"] = "matrix"

    @property
    def ran(self) -> bool:
        """Whether anything was measured."""
        return any(cell.repetitions for cell in self.cells)
