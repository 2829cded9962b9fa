"""From the repetitions of a cell to its medians, checks and result. Pure."""

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.experiment.axes import Cell
from gatelab.experiment.expression import Expression
from gatelab.experiment.figures import FIGURES, OF_ERRORS, figure_of, parse_expression
from gatelab.experiment.file import Expect
from gatelab.experiment.matrix.report import CellReport, CellResult, FigureReport
from gatelab.experiment.report import Check, Result
from gatelab.experiment.verdict import expectation


@dataclass(frozen=True, slots=True)
class Repetition:
    """One complete measurement of a cell."""

    figures: Mapping[str, float]
    checks: Sequence[Check]
    notes: Sequence[str] = ()


@dataclass(slots=True)
class CellRuns:
    """What a cell has come to so far. `failure` says why it is not run any more."""

    cell: Cell
    done: list[Repetition] = field(default_factory=list)
    failure: str | None = None


def cell_report(runs: CellRuns, expect: Expect) -> CellReport:
    """The report of a cell, however many of its repetitions are complete."""
    figures = figure_reports([each.figures for each in runs.done])
    expressions = [parse_expression(text) for text in expected_of(runs.cell, expect)]
    checks = (*_together(runs.done), *(_expected(each, runs.done, figures) for each in expressions))
    found = checks if runs.done else ()
    return CellReport(
        name=runs.cell.name,
        axes=dict(runs.cell.axes),
        result=_result(runs, found),
        reason=runs.failure,
        repetitions=len(runs.done),
        figures=figures,
        checks=found,
        notes=_notes(runs.done),
    )


def expected_of(cell: Cell, expect: Expect) -> tuple[str, ...]:
    """The expectations of a cell: those of all, and those of the selections that it agrees with; each once."""
    own = (text for each in expect.cells if cell.agrees_with(each.when) for text in each.figures)
    return tuple(dict.fromkeys((*expect.figures, *own)))


def figure_reports(runs: Sequence[Mapping[str, float]]) -> dict[str, FigureReport]:
    """Medians, in the order of the figures' documentation; of a figure that only some runs have, of those."""
    of_backends = (name for run in runs for name in run if name not in FIGURES)
    values = {name: tuple(run[name] for run in runs if name in run) for name in (*FIGURES, *of_backends)}
    known = ((figure_of(name), name, found) for name, found in values.items() if found)
    return {
        name: FigureReport(
            unit=figure.unit,
            better=figure.better,
            median=statistics.median(found),
            min=min(found),
            max=max(found),
            values=found,
        )
        for figure, name, found in known
        if figure is not None
    }


def _notes(runs: Sequence[Repetition]) -> tuple[str, ...]:
    """Those that differ in figures only are one, with the figures of the first."""
    alike: dict[str, list[str]] = {}
    for run in runs:
        for note in run.notes:
            alike.setdefault(re.sub(r"\d+(\.\d+)?", "", note), []).append(note)
    return tuple(
        found[0] if len(runs) == 1 else f"{found[0]} (in {len(found)} of {len(runs)} repetitions)"
        for found in alike.values()
    )


def _expected(expression: Expression, runs: Sequence[Repetition], figures: Mapping[str, FigureReport]) -> Check:
    if expression.name in OF_ERRORS:
        each_run = [expectation(expression, run.figures) for run in runs]
        return _worst(each_run) if each_run else expectation(expression, {})
    return expectation(expression, {name: figure.median for name, figure in figures.items()})


def _together(runs: Sequence[Repetition]) -> list[Check]:
    """Each check over all repetitions: it must pass in every one."""
    by_name: dict[str, list[Check]] = {}
    for run in runs:
        for check in run.checks:
            by_name.setdefault(check.name, []).append(check)
    return [_worst(found) for found in by_name.values()]


def _worst(checks: Sequence[Check]) -> Check:
    worst = min(checks, key=lambda check: _ORDER.index(check.result))
    alike = sum(1 for check in checks if check.result == worst.result)
    if len(checks) == 1 or worst.result == "pass":
        return worst
    sentence = f"{worst.sentence} ({worst.result} in {alike} of {len(checks)} repetitions)"
    return Check(name=worst.name, result=worst.result, sentence=sentence)


_ORDER: tuple[Result, ...] = ("fail", "inconclusive", "pass")


def _result(runs: CellRuns, checks: Sequence[Check]) -> CellResult:
    if not runs.done:
        return "could not run" if runs.failure else "inconclusive"
    results: set[Result] = {check.result for check in checks}
    if runs.failure:
        results.add("inconclusive")
    return next((each for each in _ORDER if each in results), "pass")
