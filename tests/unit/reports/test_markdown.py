"""Markdown for the summaries of CI."""

import re

import msgspec

from gatelab.experiment.matrix.comparison import compared
from gatelab.reports import markdown
from matrix_reports import matrix, single


def tables(page: str) -> list[list[list[str]]]:
    """Cells of every table, as GitHub splits them: by pipes without a backslash."""
    found = re.findall(r"(?:^\|.*\|$\n?)+", page, flags=re.MULTILINE)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in each.strip().splitlines()] for each in found]


def test_the_verdict_comes_first() -> None:
    lines = markdown.document(matrix(p99_ms=9)).splitlines()
    assert lines[0].startswith(r"## ❌ shop \<&\>")
    assert lines[2] == "**fail: 0 of 3 cells passed, 1 could not run**"


def test_cells_are_rows_with_medians_and_ranges() -> None:
    overview, findings = tables(markdown.document(matrix(p99_ms=9)))
    rows = [[cell.strip() for cell in row] for row in overview]
    assert rows[0] == ["connections", "path", "result", "runs", "p50, ms", "p99, ms", "errors", "spread.jain"]
    assert rows[2] == ["5", "gateway", "❌ fail", "5", "1.00", "9.20 (9.00–9.40)", "0", "0.99"]
    assert rows[4][2:6] == ["⚠️ could not run", "0", "–", "–"]
    assert [row[1].strip() for row in findings[2:]] == ["❌ fail", "❔ inconclusive", "⚠️ could not run"]
    assert findings[4][2].strip() == "the pods cannot be reached from here (direct)"


def test_what_comes_from_elsewhere_stays_text() -> None:
    page = markdown.document(matrix())
    assert r"l7: one \| two (in 5 of 5 repetitions)" in page
    assert r"L4: unknown \`pods\`" in page
    assert {len(row) for table in tables(page) for row in table} == {8, 3}


def test_the_comparison_is_there_with_what_is_not_the_same() -> None:
    now = matrix(p99_ms=9)
    page = markdown.document(msgspec.structs.replace(now, comparison=compared(now, matrix())))
    assert "### Against the baseline: ❌ fail" in page
    worth, every = tables(page)[2:]
    assert [cell.strip() for cell in worth[2]] == [
        "connections=5 path=gateway",
        "p99",
        "2.20 ms",
        "9.20 ms",
        "+318.2%",
        "❌ worse",
    ]
    assert (len(worth) - 2, len(every) - 2) == (1, 8)


def test_an_interrupted_run_says_so() -> None:
    assert "interrupted: the report is partial" in markdown.document(matrix(interrupted=True))


def test_a_single_run() -> None:
    page = markdown.document(single())
    checks, paths, pods = tables(page)
    assert [row[0].strip() for row in checks[2:]] == ["errors", r"l7\_spread"]
    assert [row[0].strip() for row in paths[2:]] == ["direct", "L4 (Service)", "L7 (Gateway)"]
    assert [cell.strip() for cell in pods[2]] == ["pod-a", "1000", "500"]
    assert "- l7: late" in page
