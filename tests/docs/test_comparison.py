"""The figures of the comparisons with peers are those of the last measurement."""

from pathlib import Path

import pytest

from bench.comparison import BEGIN, END, PAGES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_are_made_of_the_results(page: str) -> None:
    shown = (DOCS / page).read_text().partition(BEGIN)[2].partition(END)[0]
    assert shown == PAGES[page](), "PYTHONPATH=tests python -m bench.comparison writes them"
