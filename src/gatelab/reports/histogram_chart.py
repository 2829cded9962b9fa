"""How many calls took how long: ghz's eleven rows as bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatelab.reports.vega import COLOURS, Chart, Spec, Table, both_widths

_BAND_PX = 22


@dataclass(frozen=True, slots=True)
class Row:
    """Calls above the row before, up to `edge_ns`."""

    edge_ns: float
    count: int


def histogram_chart(caption: str, rows: Sequence[Row]) -> Chart:
    """A bar for each row."""
    wide, narrow = both_widths(lambda is_narrow: _spec(rows, is_narrow=is_narrow))
    total = sum(row.count for row in rows) or 1
    figures = tuple((_edge(row), f"{row.count}", f"{row.count / total:.2%}") for row in rows)
    table = Table(("up to", "calls", "share"), figures)
    return Chart(caption=caption, wide=wide, narrow=narrow, table=table, is_table_open=False)


def _spec(rows: Sequence[Row], *, is_narrow: bool) -> Spec:
    most = max((row.count for row in rows), default=0) or 1
    values = [
        {
            "edge": _edge(row),
            "calls": row.count,
            "figure": f"{row.count:,}",
            "said": f"up to {_edge(row)}: {row.count} calls",
        }
        for row in rows
    ]
    scale = {"domain": [0, most * (1.3 if is_narrow else 1.12)], "nice": False}
    axis = {"tickCount": 4 if is_narrow else 8, "grid": False}
    return {
        "height": {"step": _BAND_PX},
        "data": {"values": values},
        "encoding": {
            "y": {"field": "edge", "type": "nominal", "title": None, "sort": None, "scale": {"paddingInner": 0.2}},
            "x": {"field": "calls", "type": "quantitative", "title": "calls", "scale": scale, "axis": axis},
        },
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2, "color": COLOURS["l7"]},
                "encoding": {"description": {"field": "said"}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "aria": False},
                "encoding": {"text": {"field": "figure"}},
            },
        ],
    }


def _edge(row: Row) -> str:
    return f"{row.edge_ns / 1e6:.3f} ms"
