"""Second by second: calls, errors and response times, and what happened meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.load import Second
from gatelab.reports.vega import COLOURS, PLAIN, SHAPES, Chart, Spec, Table, both_widths

_HEIGHT_PX = 150
_BAR_SHARE = 0.8
"""Of a second's width."""


@dataclass(frozen=True, slots=True)
class Track:
    """The seconds of one path."""

    path: str
    title: str
    seconds: Sequence[Second]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, at a second of the run."""

    second: float
    text: str
    is_turn: bool = False
    """One of many of its kind: a line in the chart, without a number."""


def series_charts(tracks: Sequence[Track], marks: Sequence[Mark]) -> tuple[Chart, Chart]:
    """Calls that ended in each second, failed ones in red; and its response times, from the median to the p99."""
    values = _values(tracks)
    end_s = max([*(each["second"] + 1 for each in values), *(mark.second for mark in marks)], default=1)

    def drawn(layers: Callable[[Sequence[Track]], list[Spec]]) -> Callable[[bool], Spec]:
        return lambda is_narrow: {
            "height": _HEIGHT_PX,
            "data": {"values": values},
            "encoding": {"x": _seconds(end_s, is_narrow=is_narrow)},
            "layer": [*_turns(marks), *layers(tracks), *_events(marks)],
        }

    rate, response = both_widths(drawn(_rates)), both_widths(drawn(_responses))
    table = _table(tracks, marks)
    key = tuple((track.path, track.title) for track in tracks)
    return (
        Chart(caption="Calls that ended in each second", wide=rate[0], narrow=rate[1], table=Table((), ()), key=key),
        Chart(
            caption="Response time in each second: a line from the median to the 99th percentile",
            wide=response[0],
            narrow=response[1],
            table=table,
            key=key,
            is_table_open=False,
        ),
    )


def _rates(tracks: Sequence[Track]) -> list[Spec]:
    def bar(upper: str, lower: str, colour: Spec) -> Spec:
        y = {"field": upper, "type": "quantitative", "title": "calls", "axis": {"tickCount": 4}}
        x = {"x": {"field": "left", "type": "quantitative"}, "x2": {"field": "right"}}
        return {"mark": {"type": "bar"}, "encoding": {**x, "y": y, "y2": {"field": lower}, **colour}}

    said = {"description": {"field": "said"}}
    ok = bar("ok_top", "foot", {"color": _by_path(tracks, COLOURS), **said})
    failed = bar("top", "ok_top", {"color": {"value": "var(--fail)"}})
    failed["transform"] = [{"filter": "datum.top > datum.ok_top"}]
    return [ok, failed]


def _responses(tracks: Sequence[Track]) -> list[Spec]:
    colour = _by_path(tracks, COLOURS)
    y = {"field": "p99", "type": "quantitative", "title": "ms", "axis": {"tickCount": 4, "format": PLAIN}}
    shape = _by_path(tracks, SHAPES)
    point = {"type": "point", "filled": True, "size": 36, "opacity": 1}
    lines: Spec = {"type": "rule", "strokeWidth": 2, "opacity": 0.6, "aria": False}
    return [
        {"mark": lines, "encoding": {"y": y, "y2": {"field": "p50"}, "color": colour}, "transform": [_ANSWERED]},
        {
            "mark": point,
            "encoding": {"y": y, "color": colour, "shape": shape, "description": {"field": "said"}},
            "transform": [_ANSWERED],
        },
    ]


_AT = {"field": "second", "type": "quantitative"}
_ANSWERED = {"filter": "datum.p99 > 0"}


def _seconds(end_s: float, *, is_narrow: bool) -> Spec:
    return {
        "field": "aside",
        "type": "quantitative",
        "title": "seconds",
        "scale": {"domain": [0, end_s], "nice": False},
        "axis": {"grid": False, "tickMinStep": 1, "tickCount": 6 if is_narrow else 14},
    }


def _by_path(tracks: Sequence[Track], of: Mapping[str, object]) -> Spec:
    scale = {"domain": [track.title for track in tracks], "range": [of[track.path] for track in tracks]}
    return {"field": "path", "type": "nominal", "scale": scale, "sort": None}


def _turns(marks: Sequence[Mark]) -> list[Spec]:
    turns = [{"second": mark.second} for mark in marks if mark.is_turn]
    rule = {"type": "rule", "color": "var(--line)", "strokeDash": [2, 3], "aria": False}
    return [{"data": {"values": turns}, "mark": rule, "encoding": {"x": _AT}}] if turns else []


def _events(marks: Sequence[Mark]) -> list[Spec]:
    named = enumerate((mark for mark in marks if not mark.is_turn), 1)
    values = [{"second": mark.second, "number": f"{number}", "said": mark.text} for number, mark in named]
    rule = {"type": "rule", "color": "var(--ink)", "strokeDash": [4, 3]}
    text = {"type": "text", "baseline": "bottom", "dy": -3, "fontWeight": "bold", "aria": False}
    data = {"values": values}
    layers: list[Spec] = [
        {"data": data, "mark": rule, "encoding": {"x": _AT, "description": {"field": "said"}}},
        {"data": data, "mark": text, "encoding": {"x": _AT, "y": {"value": 0}, "text": {"field": "number"}}},
    ]
    return layers if values else []


def _values(tracks: Sequence[Track]) -> list[dict[str, Any]]:
    """What the charts show. Bars of paths that have calls in the same second, where turns meet, stand on each other."""
    heights: dict[int, int] = {}
    found = []
    for place, track in enumerate(tracks):
        # Points of several paths stand beside each other.
        aside = (place - (len(tracks) - 1) / 2) * _BAR_SHARE / 3
        for each in track.seconds:
            if each.ok + each.errors:
                foot = heights.get(each.second, 0)
                heights[each.second] = foot + each.ok + each.errors
                found.append({**_value(track, each, foot), "aside": each.second + 0.5 + aside})
    return found


def _value(track: Track, second: Second, foot: int) -> dict[str, Any]:
    times = f"p50 {second.p50_ns / 1e6:.2f} ms, p99 {second.p99_ns / 1e6:.2f} ms" if second.ok else "none OK"
    middle = second.second + 0.5
    return {
        "path": track.title,
        "second": second.second,
        "left": middle - _BAR_SHARE / 2,
        "right": middle + _BAR_SHARE / 2,
        "foot": foot,
        "ok_top": foot + second.ok,
        "top": foot + second.ok + second.errors,
        "p50": second.p50_ns / 1e6,
        "p99": second.p99_ns / 1e6,
        "said": f"{track.title}, second {second.second}: {second.ok} OK, {second.errors} errors, {times}",
    }


def _table(tracks: Sequence[Track], marks: Sequence[Mark]) -> Table:
    rows = [
        (
            f"{each.second}",
            track.title,
            f"{each.ok}",
            f"{each.errors}",
            *(f"{value / 1e6:.2f}" for value in (each.p50_ns, each.p99_ns, each.max_ns)),
            "; ".join(mark.text for mark in marks if not mark.is_turn and int(mark.second) == each.second),
        )
        for track in tracks
        for each in track.seconds
        if each.ok + each.errors
    ]
    rows.sort(key=lambda row: int(row[0]))
    return Table(("second", "path", "OK", "errors", "p50 ms", "p99 ms", "max ms", "meanwhile"), tuple(rows))
