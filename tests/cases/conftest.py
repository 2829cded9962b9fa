"""The option of `make golden`, and a parameter per case."""

import pytest

from golden_cases import Case, case_paths, read_case


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the expected results instead of comparing")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = [read_case(path) for path in case_paths()]
        metafunc.parametrize("case", cases, ids=[case.name for case in cases])


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden", default=False))


__all__ = ["Case"]
