"""Latencies by percentile, in the manner of HdrHistogram: the further right, the rarer.

The horizontal axis is 1 / (1 - p) on a logarithmic scale, so that 99 %, 99.9 % and 99.99 % are equally far apart, and
what one call in ten thousand met is as visible as the median.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.reports.vega import COLOURS, DASHES, PLAIN, SHAPES, Chart, Spec, Table, both_widths

_HEIGHT_PX = 260
_WIDE_RANGE = 30.0
"""Where the slowest is this much slower than the fastest, a linear axis would show nothing but the slowest."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Percentiles of one path or clock: percent to nanoseconds."""

    path: str
    title: str
    percentiles: Mapping[float, int]


def latency_chart(caption: str, curves: Sequence[Curve]) -> Chart:
    """A line for each curve; 100 % has no place on the axis and is left out."""
    wide, narrow = both_widths(lambda is_narrow: _spec(curves, is_narrow=is_narrow))
    key = tuple((curve.path, curve.title) for curve in curves)
    return Chart(caption=caption, wide=wide, narrow=narrow, table=_table(curves), key=key)


def _spec(curves: Sequence[Curve], *, is_narrow: bool) -> Spec:
    values = [value for curve in curves for value in _values(curve)]
    titles = [curve.title for curve in curves]

    def looks(of: Mapping[str, object]) -> Spec:
        scale = {"domain": titles, "range": [of[curve.path] for curve in curves]}
        return {"field": "path", "type": "nominal", "scale": scale, "sort": None}

    last = max((each["rarity"] for each in values), default=10.0)
    ticks = [tick for tick in (1, 2, *(() if is_narrow else (4,)), 10, 100, 1000, 10_000) if tick <= last * 1.01]
    return {
        "height": _HEIGHT_PX,
        "data": {"values": values},
        "encoding": {
            "x": {
                "field": "rarity",
                "type": "quantitative",
                "title": "percentile",
                "scale": {"type": "log", "domain": [1, last], "nice": False},
                "axis": {"values": ticks, "labelExpr": "format(1 - 1 / datum.value, '.3~%')", "labelOverlap": True},
            },
            "y": {"field": "ms", "type": "quantitative", **_scale([each["ms"] for each in values])},
            "color": looks(COLOURS),
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2, "interpolate": "monotone", "aria": False},
                "encoding": {"strokeDash": looks(DASHES)},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
                "encoding": {"shape": looks(SHAPES), "description": {"field": "said"}},
            },
        ],
    }


def _scale(latencies_ms: Sequence[float]) -> Spec:
    """Linear from 0, or logarithmic where that would hide all but the slowest; then with lines at 1, 2, 5, 10, …"""
    least, most = min(latencies_ms, default=1.0), max(latencies_ms, default=1.0)
    if most <= _WIDE_RANGE * least:
        return {"title": "ms", "axis": {"tickCount": 6, "format": PLAIN}}
    low, high = least / 1.2, most * 1.2
    ticks = [digit * 10.0**power for power in range(-6, 7) for digit in (1, 2, 5) if low <= digit * 10.0**power <= high]
    return {
        "title": "ms, logarithmic",
        "scale": {"type": "log", "domain": [low, high], "nice": False},
        "axis": {"values": ticks, "format": PLAIN, "labelOverlap": True},
    }


def _values(curve: Curve) -> list[dict[str, Any]]:
    found = []
    for percent, latency_ns in curve.percentiles.items():
        if percent < 100 and latency_ns > 0:
            said = f"{curve.title}: {percent:g} % within {latency_ns / 1e6:.3f} ms"
            place = {"rarity": round(100 / (100 - percent), 3), "ms": latency_ns / 1e6}
            found.append({"path": curve.title, **place, "said": said})
    return found


def _table(curves: Sequence[Curve]) -> Table:
    percents = list(dict.fromkeys(percent for curve in curves for percent in curve.percentiles))
    rows = [(curve.title, *(_ms(curve.percentiles.get(percent)) for percent in percents)) for curve in curves]
    return Table(("ms", *(f"{percent:g} %" for percent in percents)), tuple(rows))


def _ms(latency_ns: int | None) -> str:
    return "–" if latency_ns is None else f"{latency_ns / 1e6:.2f}"
