"""Charts as SVG: Vega-Lite specifications drawn without a browser, in colours that the page decides.

Colours are CSS variables of the page (`var(--ink)`), so one picture serves light and dark. Every chart is drawn for two
widths, because a picture that is scaled down has text that nobody can read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import vl_convert
from markupsafe import Markup

Spec = dict[str, Any]
"""Vega-Lite, as JSON."""

VEGA_LITE: Final = "6.4"
WIDE_PX: Final = 880
NARROW_PX: Final = 350
LABEL_PX: Final = 260
"""The widest label of an axis; longer ones are cut."""
COLOURS: Final = {"direct": "var(--direct)", "l4": "var(--l4)", "l7": "var(--l7)"}
DASHES: Final = {"direct": [1, 0], "l4": [6, 3], "l7": [1, 0]}
SHAPES: Final = {"direct": "circle", "l4": "square", "l7": "triangle-up"}
"""Beside the colour, for those who cannot tell them apart."""
PLAIN: Final = ",.3~f"
"""d3's format of a number without an exponent."""
_FONT: Final = "system-ui, sans-serif"
_AXIS: Final = {
    "labelColor": "var(--muted)",
    "titleColor": "var(--muted)",
    "gridColor": "var(--line)",
    "domainColor": "var(--line)",
    "tickColor": "var(--line)",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelLimit": LABEL_PX,
    "labelFont": _FONT,
    "titleFont": _FONT,
}
_CONFIG: Final[Spec] = {
    "axis": _AXIS,
    # Keys are the page's: they wrap where there is no room.
    "legend": {"disable": True},
    "text": {"font": _FONT, "fontSize": 12, "color": "var(--ink)"},
    "view": {"stroke": None},
}


@dataclass(frozen=True, slots=True)
class Table:
    """What a chart shows, for those who want the figures or cannot see the chart."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart for wide and for narrow screens, and its figures."""

    caption: str
    wide: Markup
    narrow: Markup
    table: Table
    key: tuple[tuple[str, str], ...] = ()
    """Path and its title, in the order of the chart."""
    is_table_open: bool = True
    """Whether the figures are shown without being asked for."""


def both_widths(spec: Callable[[bool], Spec]) -> tuple[Markup, Markup]:
    """The drawings of `spec(False)` for wide screens and of `spec(True)` for narrow ones."""
    return drawn(spec(False), WIDE_PX), drawn(spec(True), NARROW_PX)


def drawn(spec: Spec, width_px: int) -> Markup:
    """SVG to be put into HTML. Vega escapes the texts; the names of XML namespaces are left to HTML."""
    whole = {
        "width": width_px,
        "autosize": {"type": "fit-x", "contains": "padding"},
        # Where the page's font is wider than the one that Vega has measured.
        "padding": {"left": 10, "right": 14, "top": 4, "bottom": 4},
        "background": None,
        **spec,
        "config": _CONFIG,
    }
    svg: str = vl_convert.vegalite_to_svg(whole, vl_version=VEGA_LITE, allowed_base_urls=[])
    for namespace in ('xmlns="http://www.w3.org/2000/svg"', 'xmlns:xlink="http://www.w3.org/1999/xlink"'):
        svg = svg.replace(namespace, "", 1)
    return Markup(svg)  # made by Vega, which escapes what it is given
