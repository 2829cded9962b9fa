"""Requests per pod as bars: one path, or the Service's beside the Gateway's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from gatelab.reports.vega import COLOURS, LABEL_PX, Chart, Spec, Table, both_widths

_BAND_PX = 19
_NARROW_LETTERS, _WIDE_LETTERS = 14, LABEL_PX // 7
_MOST_ROWS = 60
"""Of a table that is shown without being asked for."""


@dataclass(frozen=True, slots=True)
class Bars:
    """The counts of one path. `expected` are shares by pod: empty for even ones, None where nothing is expected."""

    path: str
    title: str
    pods: Mapping[str, int]
    expected: Mapping[str, float] | None = field(default_factory=dict)


def pod_chart(caption: str, bars: Sequence[Bars]) -> Chart:
    """A bar and its figure for each pod and path; a line where the expected share is."""
    pods = list(dict.fromkeys(pod for each in bars for pod in each.pods))
    wide, narrow = both_widths(lambda is_narrow: _spec(bars, pods, is_narrow=is_narrow))
    key = tuple((each.path, each.title) for each in bars)
    return Chart(
        caption=caption,
        wide=wide,
        narrow=narrow,
        table=_table(bars, pods),
        key=key,
        is_table_open=len(pods) <= _MOST_ROWS,
    )


def _spec(bars: Sequence[Bars], pods: Sequence[str], *, is_narrow: bool) -> Spec:
    short = _short_names(pods, _NARROW_LETTERS if is_narrow else _WIDE_LETTERS)
    most = max((count for each in bars for count in each.pods.values()), default=0) or 1
    count = {
        "field": "requests",
        "type": "quantitative",
        "title": "requests",
        # Room for the figure behind the longest bar.
        "scale": {"domain": [0, most * (1.45 if is_narrow else 1.14)], "nice": False},
        "axis": {"tickCount": 4 if is_narrow else 8, "grid": False},
    }
    # Vega measures text in a font of its own; the widest that readers have takes seven pixels a letter.
    axis = {"minExtent": min(LABEL_PX, 7 * max((len(name) for name in short.values()), default=0) + 6)}
    y = {"field": "pod", "type": "nominal", "title": None, "sort": None, "scale": {"paddingInner": 0.3}, "axis": axis}
    beside = {"field": "path", "sort": None} if len(bars) > 1 else {}
    titles = [each.title for each in bars]
    scale = {"domain": titles, "range": [COLOURS[each.path] for each in bars]}
    colour = {"field": "path", "type": "nominal", "scale": scale}
    place = {"y": y, **({"yOffset": beside} if beside else {})}
    tick = {"type": "tick", "color": "var(--ink)", "thickness": 2, "opacity": 0.75, "aria": False}
    return {
        "height": {"step": _BAND_PX if len(bars) > 1 else _BAND_PX + 5},
        "data": {"values": [value for each in bars for value in _values(each, short)]},
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2},
                "encoding": {**place, "x": count, "color": colour, "description": {"field": "said"}},
            },
            {"mark": tick, "encoding": {**place, "x": {"field": "expected", "type": "quantitative"}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "aria": False},
                "encoding": {**place, "x": {"field": "behind", "type": "quantitative"}, "text": {"field": "figure"}},
            },
        ],
    }


def _values(bars: Bars, short: Mapping[str, str]) -> list[dict[str, object]]:
    total = sum(bars.pods.values())
    found = []
    for pod, name in short.items():
        count = bars.pods.get(pod, 0)
        expected = _expected(bars, pod, total / len(short))
        found.append(
            {
                "pod": name,
                "path": bars.title,
                "requests": count,
                "expected": expected,
                "behind": max(count, expected or 0.0) if count else count,
                "figure": f"{count:,} · {_share(count, total)}",
                "said": f"{pod}, {bars.title}: {count} requests, {_share(count, total)}",
            }
        )
    return found


def _expected(bars: Bars, pod: str, even: float) -> float | None:
    if bars.expected is None:
        return None
    return sum(bars.pods.values()) * bars.expected.get(pod, 0.0) if bars.expected else even


def _table(bars: Sequence[Bars], pods: Sequence[str]) -> Table:
    totals = [sum(each.pods.values()) for each in bars]
    head = ("pod", *(text for each in bars for text in (each.title, "share")))
    rows = (
        (
            pod,
            *(
                text
                for each, total in zip(bars, totals, strict=True)
                for text in (f"{each.pods.get(pod, 0)}", _share(each.pods.get(pod, 0), total))
            ),
        )
        for pod in pods
    )
    return Table(head, tuple(rows))


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "–"


def _short_names(pods: Sequence[str], most: int) -> dict[str, str]:
    """Where a name is longer than `most` letters, what tells pods apart: without what all begin with, up to a hyphen.

    Vega would cut off the end.
    """
    if max(map(len, pods), default=0) <= most:
        return {pod: pod for pod in pods}
    letters = zip(*pods, strict=False) if len(pods) > 1 else ()
    alike = "".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, letters))
    common = alike.rpartition("-")[0]
    short = {pod: f"…{pod[len(common) :]}" if len(common) > 3 else pod for pod in pods}
    cut = {pod: name if len(name) <= most else f"…{name[1 - most :]}" for pod, name in short.items()}
    return cut if len(set(cut.values())) == len(pods) else short
