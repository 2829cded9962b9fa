"""From repetitions to medians and results."""

import pytest

from gatelab.experiment.axes import Cell
from gatelab.experiment.file import CellExpect, Expect
from gatelab.experiment.matrix.cell import CellRuns, Repetition, cell_report, expected_of
from gatelab.experiment.matrix.report import CellReport
from gatelab.experiment.report import Check, Result

GATEWAY = Cell({"connections": 5, "path": "gateway"})


def run(p99_ms: float = 2, errors: int = 0, spread: Result = "pass", note: str = "") -> Repetition:
    check = Check(name="l7_spread", result=spread, sentence="L7: as it is")
    return Repetition({"p99": p99_ms * 1e6, "errors": errors}, (check,), (note,) if note else ())


def report(*done: Repetition, failure: str | None = None, **expect: object) -> CellReport:
    return cell_report(CellRuns(GATEWAY, list(done), failure), Expect(**expect))  # type: ignore[arg-type]


def test_figures_are_medians_and_keep_the_single_values() -> None:
    found = report(run(2), run(9), run(3))
    assert found.figures["p99"].median == 3e6
    assert (found.figures["p99"].min, found.figures["p99"].max) == (2e6, 9e6)
    assert found.figures["p99"].values == (2e6, 9e6, 3e6)
    assert (found.result, found.repetitions) == ("pass", 3)


def test_a_figure_that_one_run_lacks_is_that_of_the_others() -> None:
    silent = Repetition({"errors": 300}, ())
    assert report(run(2), silent).figures["p99"].values == (2e6,)


def test_expectations_are_judged_by_the_median() -> None:
    assert report(run(2), run(9), run(3), figures=("p99<4ms",)).result == "pass"
    found = report(run(2), run(9), run(5), figures=("p99<4ms",))
    assert found.result == "fail"
    assert found.checks[-1].sentence == "p99 is 5.000 ms, expected p99<4ms"


def test_a_median_hides_no_errors() -> None:
    found = report(run(), run(errors=5), run(), figures=("errors==0",))
    assert found.result == "fail"
    assert found.checks[-1].sentence == "errors is 5, expected errors==0 (fail in 1 of 3 repetitions)"


def test_of_what_was_not_measured_nothing_is_met() -> None:
    assert report(run(), figures=("memory<1",)).checks[-1].sentence == "memory was not measured"


@pytest.mark.parametrize(
    ("results", "result"),
    [
        (("pass", "pass"), "pass"),
        (("pass", "inconclusive"), "inconclusive"),
        (("inconclusive", "fail"), "fail"),
    ],
)
def test_a_check_must_pass_in_every_repetition(results: tuple[Result, ...], result: str) -> None:
    found = report(*(run(spread=each) for each in results))
    assert found.result == result
    assert len(found.checks) == 1


def test_what_could_not_run_is_a_result_of_its_own() -> None:
    found = report(failure="no answer")
    assert (found.result, found.reason, found.checks, found.figures) == ("could not run", "no answer", (), {})
    assert report(run(), failure="no answer").result == "inconclusive"
    assert report().result == "inconclusive", "interrupted before its first repetition"


def test_notes_that_differ_in_figures_are_told_once() -> None:
    found = report(run(note="l7: 5.1 ms late"), run(note="l7: 17 ms late"), run(note="l7: pods left"))
    assert found.notes == ("l7: 5.1 ms late (in 2 of 3 repetitions)", "l7: pods left (in 1 of 3 repetitions)")


def test_a_cell_has_the_expectations_of_all_and_its_own() -> None:
    expect = Expect(
        figures=("errors==0",),
        cells=(
            CellExpect(when={"path": "gateway"}, figures=("p99<1ms", "errors==0")),
            CellExpect(when={"path": "service"}, figures=("p99<2ms",)),
        ),
    )
    assert expected_of(GATEWAY, expect) == ("errors==0", "p99<1ms")
