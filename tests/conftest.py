"""The options of `make golden` and `make fuzz`."""

import pytest

import fuzz_profile as _fuzz_profile  # noqa: F401 - registers what an option may name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the expected results instead of comparing")


@pytest.fixture(scope="session")
def rewrite(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))
