"""The reports as a browser shows them: light and dark, wide and narrow, without a script, a request or a complaint."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from playwright.sync_api import Page

from chromium import BINARY, chromium
from gatelab.experiment.matrix.comparison import compared
from gatelab.reports.html import page
from gatelab.reports.load_html import load_page
from gatelab.reports.matrix_page import page as matrix_page
from matrix_reports import matrix
from sample_load import sample_document
from sample_report import HOSTILE, L4, L7, sample_report

pytestmark = [
    pytest.mark.skipif(not BINARY, reason="needs chromium: apt-get install chromium"),
    pytest.mark.timeout(180),
]

LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (
    ("light", 1000),
    ("dark", 1000),
    ("light", 400),
    ("dark", 400),
)
ENOUGH_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3."""
SMALLEST_PX = 12

# What is shown, as the browser has computed it.
EXAMINE = """() => {
  const shown = e => e.checkVisibility();
  const texts = [...document.querySelectorAll('body *')].filter(e => shown(e) && e.getAttribute('opacity') !== '0' &&
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
  const scale = e => {
    const picture = e.ownerSVGElement;
    return picture ? picture.getBoundingClientRect().width / picture.viewBox.baseVal.width : 1;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (c !== 'rgba(0, 0, 0, 0)') return c;
    }
  };
  return {
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    paper: getComputedStyle(document.body).backgroundColor,
    texts: texts.map(e => ({
      text: e.textContent.trim().slice(0, 40),
      px: parseFloat(getComputedStyle(e).fontSize) * scale(e),
      ink: e.ownerSVGElement ? getComputedStyle(e).fill : getComputedStyle(e).color,
      paper: behind(e),
      left: e.getBoundingClientRect().left,
      right: e.closest('.scroll, pre') ? 0 : e.getBoundingClientRect().right,
    })),
    bars: [...document.querySelectorAll('path[aria-label*="requests, "]')].filter(shown).map(e =>
      [e.getAttribute('aria-label'), e.getBoundingClientRect().width]),
    figures: [...document.querySelectorAll('figure')].map(e => e.querySelectorAll('table').length),
    scripts: document.scripts.length,
  }
}"""


@dataclass(frozen=True, slots=True)
class Look:
    """A page in one colour scheme and width."""

    page: str
    scheme: str
    width: int
    found: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """The pages, and what they did meanwhile."""

    looks: list[Look]
    complaints: list[str]
    requests: list[str]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("report")
    now = matrix(p99_ms=9)
    pages = {
        "report": page(sample_report(error=HOSTILE)),
        "load": load_page(sample_document(name=HOSTILE, errors=7, errorDistribution={HOSTILE: 7}), "csv"),
        "matrix": matrix_page(msgspec.structs.replace(now, comparison=compared(now, matrix()))),
    }
    with chromium() as browser:
        shown = browser.new_page()
        it = Seen([], [], [])
        shown.on("console", lambda message: it.complaints.append(message.text))
        shown.on("pageerror", lambda error: it.complaints.append(str(error)))
        shown.on("request", lambda request: it.requests.append(request.url))
        for name, text in pages.items():
            (folder / f"{name}.html").write_text(text, encoding="utf-8")
            shown.goto((folder / f"{name}.html").as_uri())
            it.looks.extend(_look(shown, folder / name, *each) for each in LOOKS)
    return it


@pytest.fixture
def looks(seen: Seen) -> list[Look]:
    return seen.looks


def _look(shown: Page, place: Path, scheme: Literal["light", "dark"], width: int) -> Look:
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": width, "height": 900})
    look = Look(place.name, scheme, width, shown.evaluate(EXAMINE))
    shown.screenshot(path=place.with_name(f"{place.name}-{scheme}-{width}.png"))
    return look


def test_nothing_is_asked_for_and_nothing_complained_about(seen: Seen) -> None:
    assert [url.rpartition("/")[2] for url in seen.requests] == ["report.html", "load.html", "matrix.html"]
    assert seen.complaints == []
    assert [look.found["scripts"] for look in seen.looks] == [0] * 3 * len(LOOKS)


def test_light_is_light_and_dark_is_dark(looks: list[Look]) -> None:
    for look in looks:
        brightness = _luminance(look.found["paper"])
        assert brightness > 0.9 if look.scheme == "light" else brightness < 0.02


def test_every_text_can_be_read(looks: list[Look]) -> None:
    for look in looks:
        texts = look.found["texts"]
        assert len(texts) > 50
        assert [each for each in texts if each["px"] < SMALLEST_PX - 0.1] == []
        assert [each for each in texts if _contrast(each["ink"], each["paper"]) < ENOUGH_CONTRAST] == []


def test_nothing_hangs_over_the_edge(looks: list[Look]) -> None:
    for look in looks:
        assert look.found["overflow"] <= 0
        outside = [each for each in look.found["texts"] if each["left"] < 0 or each["right"] > look.width]
        assert outside == []


def test_the_bars_are_as_long_as_the_figures_say(looks: list[Look]) -> None:
    expected = {f"{pod} {path}": count for path, pods in (("L4", L4), ("L7", L7)) for pod, count in pods.items()}
    for look in looks[: len(LOOKS)]:
        bars = [
            (re.fullmatch(r"(\S+), .*\((L\d)\): (\d+) requests, .*", said), width) for said, width in look.found["bars"]
        ]
        shown = {f"{bar[1]} {bar[2]}": (int(bar[3]), width) for bar, width in bars if bar}
        assert {name: count for name, (count, _) in shown.items()} == expected
        longest = max(width for _, width in shown.values())
        for count, width in shown.values():
            assert width == pytest.approx(longest * count / 1000, abs=1)


def test_charts_have_tables(looks: list[Look]) -> None:
    # The rate's figures are in the table under the response times, those of the cells in the overview.
    expected = {"report": [1, 1, 1, 0, 1], "load": [1, 1, 0, 1, 1], "matrix": [0]}
    assert {look.page: look.found["figures"] for look in looks} == expected


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)
