"""The service times of a matrix's cells beside each other: medians, what repetitions differ by, and the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatelab.experiment.matrix.report import FigureReport, MatrixReport
from gatelab.reports.vega import COLOURS, LABEL_PX, PLAIN, SHAPES, Chart, Spec, Table, both_widths

_BAND_PX: Final = 17
_LINE_PX: Final = 12
_FIGURES: Final = {"p50": "direct", "p99": "l7"}
"""Figure to the colour and shape in which it is drawn."""


@dataclass(frozen=True, slots=True)
class _Dot:
    """A figure of a cell, and its median in the baseline."""

    cell: str
    name: str
    figure: FigureReport
    baseline: float | None


def cell_chart(report: MatrixReport) -> Chart | None:
    """A dot for each cell and figure; None where no cell has been measured."""
    compared = report.comparison.changes if report.comparison is not None else ()
    before = {(change.cell, change.figure): change.baseline for change in compared}
    dots = [
        _Dot(cell.name, name, cell.figures[name], before.get((cell.name, name)))
        for cell in report.cells
        for name in _FIGURES
        if name in cell.figures
    ]
    if not dots:
        return None
    wide, narrow = both_widths(lambda is_narrow: _spec(dots, is_narrow=is_narrow))
    caption = "Service time of each cell: the median of its repetitions, and a line from the least to the most"
    caption += "; the vertical marks are the baseline" if before else ""
    key = tuple((path, name) for name, path in _FIGURES.items())
    return Chart(caption=caption, wide=wide, narrow=narrow, table=Table((), ()), key=key)


def _spec(dots: Sequence[_Dot], *, is_narrow: bool) -> Spec:
    limit = 120 if is_narrow else LABEL_PX
    axis: Spec = {
        "minExtent": min(limit, 7 * max(len(dot.cell) for dot in dots) + 6),
        "labelLimit": limit,
        "grid": True,
    }
    if is_narrow:  # an axis of the matrix a line: what is cut off at the right is what tells cells apart
        axis |= {"labelExpr": "split(datum.label, ' ')", "labelLineHeight": _LINE_PX}
    lines = 1 + max(dot.cell.count(" ") for dot in dots) if is_narrow else 1

    def looks(of: dict[str, str]) -> Spec:
        scale = {"domain": list(_FIGURES), "range": [of[path] for path in _FIGURES.values()]}
        return {"field": "name", "type": "nominal", "scale": scale}

    x = {"type": "quantitative", "title": "ms", "axis": {"tickCount": 4 if is_narrow else 8, "format": PLAIN}}
    tick = {"type": "tick", "color": "var(--ink)", "thickness": 2, "opacity": 0.75, "aria": False}
    rule = {"type": "rule", "strokeWidth": 2, "opacity": 0.6, "aria": False}
    return {
        "height": {"step": max(_BAND_PX, lines * _LINE_PX // len(_FIGURES))},
        "data": {"values": [_value(dot) for dot in dots]},
        "encoding": {
            "y": {"field": "cell", "type": "nominal", "title": None, "sort": None, "axis": axis},
            "yOffset": {"field": "name", "sort": None},
            "color": looks(COLOURS),
        },
        "layer": [
            {"mark": rule, "encoding": {"x": {**x, "field": "least"}, "x2": {"field": "most"}}},
            {"mark": tick, "encoding": {"x": {**x, "field": "baseline"}}},
            {
                "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
                "encoding": {
                    "x": {**x, "field": "median"},
                    "shape": looks(SHAPES),
                    "description": {"field": "said"},
                },
            },
        ],
    }


def _value(dot: _Dot) -> dict[str, Any]:
    least, median, most = (value / 1e6 for value in (dot.figure.min, dot.figure.median, dot.figure.max))
    return {
        "cell": dot.cell,
        "name": dot.name,
        "least": least,
        "median": median,
        "most": most,
        "baseline": None if dot.baseline is None else dot.baseline / 1e6,
        "said": f"{dot.cell}: {dot.name} {median:.3f} ms, from {least:.3f} to {most:.3f} ms",
    }
