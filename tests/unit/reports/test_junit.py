"""JUnit's XML, read back by a parser that is not ours."""

import msgspec
from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from gatelab.experiment.matrix.comparison import compared
from gatelab.experiment.matrix.report import MatrixReport
from gatelab.experiment.report import Report
from gatelab.reports import junit
from matrix_reports import matrix, single


def suites(report: Report | MatrixReport) -> dict[str, TestSuite]:
    found = JUnitXml.fromstring(junit.document(report).encode())
    return {suite.name: suite for suite in found}


def results(suite: TestSuite) -> dict[str, list[type]]:
    return {case.name: [type(result) for result in case.result] for case in suite if isinstance(case, TestCase)}


def properties(suite: TestSuite) -> dict[str, str]:
    return {each.name: each.value for each in suite.properties()}  # type: ignore[no-untyped-call]


def test_a_suite_for_each_cell_and_a_case_for_each_check() -> None:
    found = suites(matrix(p99_ms=9))
    prefix = "shop <&> �: connections=5 path="
    assert [*found] == [f"{prefix}gateway", f"{prefix}service", f"{prefix}direct"]
    gateway, service, direct = found.values()
    assert results(gateway) == {"l7_spread": [], "p99<4ms": [Failure], "errors==0": [], "run": []}
    assert results(service) == {"l4_pinned": [Failure], "p99<4ms": [], "run": []}
    assert results(direct) == {"run": [Error]}
    assert [(suite.tests, suite.failures, suite.errors) for suite in found.values()] == [
        (4, 1, 0),
        (3, 1, 0),
        (1, 0, 1),
    ]


def test_messages_say_what_was_found() -> None:
    gateway, service, direct = suites(matrix(p99_ms=9)).values()
    (failure,) = next(case for case in gateway if case.name == "p99<4ms").result
    assert (failure.message, failure.type) == ("p99 is 9.200 ms, expected p99<4ms", "fail")
    (untold,) = next(case for case in service if case.name == "l4_pinned").result
    assert untold.type == "inconclusive"
    (error,) = next(iter(direct)).result
    assert error.message.startswith("0 of 5 repetitions: the pods cannot be reached")


def test_figures_are_properties_with_their_unit() -> None:
    gateway = next(iter(suites(matrix()).values()))
    assert properties(gateway) == {"p50_ms": "1", "p99_ms": "2.2", "errors": "0", "spread.jain": "0.99"}


def test_totals_are_those_of_all_suites() -> None:
    whole = JUnitXml.fromstring(junit.document(matrix(p99_ms=9)).encode())
    assert (whole.tests, whole.failures, whole.errors, whole.skipped) == (8, 2, 1, 0)


def test_an_interrupted_run_is_no_clean_one() -> None:
    gateway = next(iter(suites(matrix(interrupted=True)).values()))
    (error,) = next(case for case in gateway if case.name == "run").result
    assert error.message == "2 of 5 repetitions: the run was interrupted"


def test_what_is_worse_than_the_baseline_is_a_failure() -> None:
    now = matrix(p99_ms=9)
    report = msgspec.structs.replace(now, comparison=compared(now, matrix()))
    found = suites(report)["shop <&> �: baseline"]
    assert results(found) == {
        "connections=5 path=gateway": [Failure],
        "connections=5 path=service": [],
        "comparison": [Failure],
    }
    (failure,) = next(iter(found)).result
    assert failure.message == "p99 was 2.20 ms, is 9.20 ms"


def test_a_single_run_is_one_suite() -> None:
    (suite,) = suites(single()).values()
    assert results(suite) == {"errors": [], "l7_spread": [Failure]}
    assert properties(suite)["first_ok_ms"] == "500"
