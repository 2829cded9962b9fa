"""A matrix's report against a saved one: what has changed beyond what repetitions differ by. Pure.

The rule, for each figure of each cell: two sets of repetitions differ when the exact two-sided Mann-Whitney test says
so at LEVEL, and a difference matters when the medians are further apart than the tolerance, and than the figure's
grain. Worse or better is what is both. Of n and m repetitions the test's smallest p-value is 2 / C(n+m, n): with fewer
than five and five no difference can be shown, and the answer is "cannot tell".
"""

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from gatelab.experiment.figures import Figure, figure_of
from gatelab.experiment.matrix.report import CellReport, Change, ChangeResult, Comparison, FigureReport, MatrixReport
from gatelab.experiment.report import Result

LEVEL: Final = 0.01
"""Of a hundred comparisons of equal things at most one is wrong, before the tolerance; half of them for the worse."""
TOLERANCE: Final = 0.1


def compared(now: MatrixReport, baseline: MatrixReport, *, tolerance: float = TOLERANCE) -> Comparison:
    """`tolerance` is relative to the baseline's median."""
    before = {cell.name: cell for cell in baseline.cells}
    changes = [
        change
        for cell in now.cells
        if cell.name in before
        for change in _cell_changes(cell, before[cell.name], tolerance)
    ]
    enough = any(
        can_be_told(cell.repetitions, before[cell.name].repetitions) for cell in now.cells if cell.name in before
    )
    result, sentence = _result(changes, enough=enough)
    if result == "pass" and now.experiment != baseline.experiment:
        result, sentence = "inconclusive", f"{sentence}; but the baseline is of another experiment"
    return Comparison(
        result=result,
        tolerance=tolerance,
        level=LEVEL,
        changes=tuple(changes),
        sentence=sentence,
        notes=(*_different(now, baseline), *_missing(now, before)),
    )


def change_of(figure: Figure, now: FigureReport, before: FigureReport, tolerance: float) -> tuple[ChangeResult, float]:
    """What has become of a figure, and the test's p-value."""
    p = mann_whitney(now.values, before.values)
    if not can_be_told(len(now.values), len(before.values)):
        return ("same" if {*now.values} == {*before.values} and len({*now.values}) == 1 else "cannot tell"), p
    if not _matters(figure, now.median, before.median, tolerance):
        return "same", p
    if p > LEVEL:
        return "cannot tell", p
    if figure.better == "neither":
        return "changed", p
    return ("better" if (now.median < before.median) == (figure.better == "lower") else "worse"), p


def can_be_told(n: int, m: int) -> bool:
    """Whether the test can show any difference between so many repetitions."""
    return n > 0 and m > 0 and 2 / math.comb(n + m, n) <= LEVEL


def mann_whitney(a: Sequence[float], b: Sequence[float]) -> float:
    """The exact two-sided p-value of the Mann-Whitney U test. Ties count half.

    Of more than EXACT_UP_TO values the normal approximation, with the continuity correction.
    """
    n, m = len(a), len(b)
    if not n or not m:
        return 1.0
    twice_u = sum((x > y) * 2 + (x == y) for x, y in itertools.product(a, b))
    extreme = min(twice_u, 2 * n * m - twice_u)
    if n + m > EXACT_UP_TO:
        deviation = math.sqrt(n * m * (n + m + 1) / 12)
        return min(1.0, math.erfc(max(0.0, (n * m - extreme - 1) / 2) / deviation / math.sqrt(2)))
    # With ties U may be a half more than a whole number: the next whole one is the safe side.
    tail = sum(_orders(n, m, u) for u in range(math.ceil(extreme / 2) + 1))
    return min(1.0, 2 * tail / math.comb(n + m, n))


EXACT_UP_TO: Final = 40


@lru_cache(maxsize=100_000)
def _orders(n: int, m: int, u: int) -> int:
    """In how many of the orders of n and m values U is u (Mann and Whitney 1947, their recurrence)."""
    if u < 0 or u > n * m:
        return 0
    if n == 0 or m == 0:
        return 1
    return _orders(n - 1, m, u - m) + _orders(n, m - 1, u)


def _matters(figure: Figure, now: float, before: float, tolerance: float) -> bool:
    difference = abs(now - before)
    return difference > figure.grain and (not figure.is_relative or difference > tolerance * abs(before))


def _cell_changes(now: CellReport, before: CellReport, tolerance: float) -> list[Change]:
    found = []
    for name, figure in now.figures.items():
        was, known = before.figures.get(name), figure_of(name)
        if was is None or known is None:
            continue
        result, p = change_of(known, figure, was, tolerance)
        relative = (figure.median - was.median) / abs(was.median) if was.median else None
        found.append(
            Change(
                cell=now.name,
                figure=name,
                result=result,
                baseline=was.median,
                now=figure.median,
                relative=None if relative is None else round(relative, 6),
                p=round(p, 6),
            )
        )
    return found


def _result(changes: Sequence[Change], *, enough: bool) -> tuple[Result, str]:
    """A comparison that could not have shown anything is no pass."""
    if not changes:
        return "inconclusive", "the two reports have no figure of a cell in common"
    worse = [change for change in changes if change.result == "worse"]
    better = sum(1 for change in changes if change.result == "better")
    untold = sum(1 for change in changes if change.result == "cannot tell")
    counted = f"{len(changes)} figures: {len(worse)} worse, {better} better, {untold} cannot be told"
    if worse:
        return "fail", f"{counted}; worst: {_worst(worse)}"
    if untold and not enough:
        return "inconclusive", f"{counted}: that takes five repetitions in both reports"
    return "pass", counted


def _worst(changes: Sequence[Change]) -> str:
    worst = max(changes, key=lambda change: math.inf if change.relative is None else abs(change.relative))
    by = "" if worst.relative is None else f" ({worst.relative:+.0%})"
    return f"{worst.figure} of {worst.cell}{by}"


def _different(now: MatrixReport, baseline: MatrixReport) -> list[str]:
    """What else differs than what is compared."""
    notes = []
    if now.experiment != baseline.experiment:
        notes.append(f"the baseline is of another experiment: {baseline.experiment!r}, not {now.experiment!r}")
    elif now.definition != baseline.definition:
        notes.append("the experiment is not the baseline's: its call, data, target or load has been changed since")
    for report, what in ((now, "this run"), (baseline, "the baseline")):
        if not report.complete:
            notes.append(f"{what} was interrupted")
    for where, one, other in (
        ("machine", msgspec.structs.asdict(baseline.environment), msgspec.structs.asdict(now.environment)),
        ("version", baseline.versions, now.versions),
    ):
        changed = [f"{key} {one.get(key)} -> {other.get(key)}" for key in other if one.get(key) != other.get(key)]
        if changed:
            notes.append(f"not the same {where}: {', '.join(changed)}")
    return notes


def _missing(now: MatrixReport, before: dict[str, CellReport]) -> list[str]:
    names = {cell.name for cell in now.cells}
    found = {"has no cell": names - {*before}, "alone has the cell": {*before} - names}
    return [f"the baseline {what} {name}" for what, cells in found.items() for name in sorted(cells)]
