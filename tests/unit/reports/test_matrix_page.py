"""The page of a matrix."""

import msgspec

from gatelab.experiment.matrix.comparison import compared
from gatelab.reports.matrix_page import page
from matrix_reports import matrix


def test_it_shows_cells_findings_and_changes_and_escapes_them() -> None:
    now = matrix(p99_ms=9)
    shown = page(msgspec.structs.replace(now, comparison=compared(now, matrix())))
    assert "Experiment shop &lt;&amp;&gt;" in shown
    assert "<strong>Fail.</strong> 0 of 3 cells passed, 1 could not run" in shown
    for cell in ("9.20 (9.00–9.40)", "could not run", "p99 is 9.200 ms, expected p99&lt;4ms", "+318.2%", "worse"):
        assert cell in shown, cell
    assert "gatelab experiment run shop.yaml" in shown
    assert 'aria-label="connections=5 path=gateway: p99 9.200 ms, from 9.000 to 9.400 ms"' in shown
    assert "the vertical marks are the baseline" in shown
    assert "<script" not in shown


def test_without_a_baseline_there_is_no_section_for_it() -> None:
    assert 'id="baseline"' not in page(matrix())


def test_on_a_telephone_the_label_of_a_cell_is_whole() -> None:
    assert ">path=gateway</tspan>" in page(matrix())
