"""What is worse than a baseline, and what is not said of it."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from gatelab.experiment.axes import Cell
from gatelab.experiment.file import Experiment
from gatelab.experiment.matrix.cell import CellRuns, Repetition
from gatelab.experiment.matrix.comparison import can_be_told, compared
from gatelab.experiment.matrix.report import Change, MatrixReport
from gatelab.experiment.matrix.run import matrix_report

SHOP = Experiment(experiment="shop", target="shop.test:443", service="shop/till:80", proto="p", call="c")
FIVE = (10.0, 11.0, 12.0, 13.0, 14.0)


def report(figure: str, values: Sequence[float], axes: dict[str, Any] | None = None, **changes: Any) -> MatrixReport:
    runs = CellRuns(Cell(axes or {}), [Repetition({figure: value}, ()) for value in values])
    given = msgspec.structs.replace(SHOP, repetitions=len(values))
    return msgspec.structs.replace(matrix_report(given, [runs]), **changes)


def change(figure: str, before: Sequence[float], now: Sequence[float], tolerance: float = 0.1) -> Change:
    comparison = compared(report(figure, now), report(figure, before), tolerance=tolerance)
    (found,) = comparison.changes
    return found


def times(factor: float, values: Sequence[float] = FIVE) -> list[float]:
    return [each * factor for each in values]


MS = times(1e6)


def test_higher_latency_is_worse_and_higher_fairness_better() -> None:
    assert change("p99", MS, times(2, MS)).result == "worse"
    assert change("p99", times(2, MS), MS).result == "better"
    jain = [0.90, 0.91, 0.92, 0.93, 0.94]
    assert change("spread.jain", jain, times(1.06, jain)).result == "better"
    assert change("spread.jain", times(1.06, jain), jain).result == "worse"
    assert change("count", MS, times(2, MS)).result == "changed", "more calls are neither"


def test_what_the_repetitions_differ_by_is_no_regression() -> None:
    noisy = [30e6, 9e6, 10e6, 31e6, 29e6]
    found = change("p99", MS, noisy)
    assert (found.baseline, found.now, found.result) == (12e6, 29e6, "cannot tell")


def test_a_shift_within_the_tolerance_is_none_however_sure_it_is() -> None:
    steady = [10e6, 10.01e6, 10.02e6, 10.03e6, 10.04e6]
    assert change("p99", steady, times(1.09, steady)).result == "same"
    assert change("p99", steady, times(1.09, steady), tolerance=0.05).result == "worse"
    tiny = times(1000)
    assert change("p99", tiny, times(1.5, tiny)).result == "same", "six microseconds"


def test_indexes_have_a_bound_of_their_own() -> None:
    even = [0.999, 0.9991, 0.9992, 0.9993, 0.9994]
    assert change("spread.jain", even, times(0.95, even)).result == "worse", (
        "5 % of Jain's index are a pod that starves"
    )
    assert change("errors", [0] * 5, [1, 1, 2, 1, 3]).result == "worse"
    assert change("errors", [0] * 5, [1, 1, 2, 1, 3]).relative is None


@pytest.mark.parametrize(("n", "m", "told"), [(5, 5, True), (4, 5, False), (4, 4, False), (4, 6, True), (0, 9, False)])
def test_how_many_repetitions_it_takes(n: int, m: int, told: bool) -> None:
    assert can_be_told(n, m) is told
    if n and m:
        expected = "worse" if told else "cannot tell"
        assert change("p99", [1e6 + k for k in range(n)], [9e6 + k for k in range(m)]).result == expected


def test_a_comparison_that_can_show_nothing_is_no_pass() -> None:
    found = compared(report("p99", [9e6, 8e6]), report("p99", [1e6, 2e6]))
    assert (found.result, found.sentence) == (
        "inconclusive",
        "1 figures: 0 worse, 0 better, 1 cannot be told: that takes five repetitions in both reports",
    )
    assert compared(report("p99", MS), report("errors", MS)).result == "inconclusive", "nothing in common"
    assert compared(report("p99", MS), report("p99", MS)).result == "pass"


def test_the_verdict_names_the_worst() -> None:
    found = compared(report("p99", times(2, MS)), report("p99", MS))
    assert (found.result, found.sentence) == (
        "fail",
        "1 figures: 1 worse, 0 better, 0 cannot be told; worst: p99 of (as written) (+100%)",
    )


def test_what_else_differs_is_noted() -> None:
    now, before = report("p99", MS, {"rps": 1.0}), report("p99", MS, {"rps": 2.0})
    machine = msgspec.structs.replace(before.environment, cpus=64)
    other = msgspec.structs.replace(before, environment=machine, complete=False, experiment="till")
    assert compared(now, other).notes == (
        "the baseline is of another experiment: 'till', not 'shop'",
        "the baseline was interrupted",
        f"not the same machine: cpus 64 -> {now.environment.cpus}",
        "the baseline has no cell rps=1",
        "the baseline alone has the cell rps=2",
    )
    changed = msgspec.structs.replace(before, definition="another", versions={**before.versions, "gatelab": "0"})
    notes = compared(now, changed).notes
    assert notes[0].startswith("the experiment is not the baseline's: its call, data, target or load")
    assert notes[1].startswith("not the same version: gatelab 0 -> ")


def test_a_run_that_passes_as_far_as_it_came_does_not_pass() -> None:
    runs = CellRuns(Cell({}), [Repetition({"p99": 1e6}, ())])
    for repetitions, verdict in ((1, "pass"), (2, "fail")):
        found = matrix_report(msgspec.structs.replace(SHOP, repetitions=repetitions), [runs])
        assert (found.cells[0].result, found.verdict, found.complete) == ("pass", verdict, verdict == "pass")


def test_a_saved_report_is_read_as_it_was() -> None:
    given = report("p99", MS, {"path": "gateway", "rps": 2.5, "connections": 3})
    assert msgspec.json.decode(msgspec.json.encode(given), type=MatrixReport) == given


def test_a_baseline_of_another_experiment_shows_nothing() -> None:
    found = compared(report("p99", MS), report("p99", MS, experiment="till"))
    assert (found.result, found.sentence.endswith("but the baseline is of another experiment")) == (
        "inconclusive",
        True,
    )
    assert compared(report("p99", times(2, MS)), report("p99", MS, experiment="till")).result == "fail"
