"""docs/faults.md names tests that exist, and every test of faults is in it."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)` \|$", PAGE, flags=re.MULTILINE)
NOT_A_FAULT = {"test_the_lab_has_the_clock_of_the_test"}


def names_in(file: Path) -> Iterable[str]:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def test_every_row_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("| fault", "|---"))]
    assert rows
    assert len(NAMED) == len(rows)


def test_the_tests_that_are_named_exist() -> None:
    assert [(file, name) for file, name in NAMED if name not in names_in(ROOT / file)] == []


def test_every_test_of_faults_is_named() -> None:
    names = {name for file in (ROOT / "tests" / "faults").glob("test_*.py") for name in names_in(file)}
    assert names - {name for _, name in NAMED} == NOT_A_FAULT
