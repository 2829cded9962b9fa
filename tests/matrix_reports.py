"""Reports of matrices and runs for tests of what is made of them."""

from typing import Any

import msgspec

from gatelab.experiment.axes import Cell
from gatelab.experiment.environment import environment
from gatelab.experiment.file import CellExpect, Expect, Experiment
from gatelab.experiment.matrix.cell import CellRuns, Repetition
from gatelab.experiment.matrix.report import MatrixReport
from gatelab.experiment.matrix.run import matrix_report
from gatelab.experiment.report import (
    Check,
    ExpectationReport,
    LoadReport,
    PathReport,
    Percentiles,
    Report,
    SpreadReport,
    SpreadTest,
)

SHOP = Experiment(
    experiment="shop <&> \x00",
    target="shop.test:443",
    service="shop/till:80",
    proto="p",
    call="c",
    repetitions=5,
    expect=Expect(figures=("p99<4ms",), cells=(CellExpect(when={"path": "gateway"}, figures=("errors==0",)),)),
)


def matrix(p99_ms: float = 2, *, interrupted: bool = False) -> MatrixReport:
    """A cell that passes or not by its p99, one that is inconclusive, and one that could not run."""
    runs = [CellRuns(Cell({"connections": 5, "path": path})) for path in ("gateway", "service", "direct")]
    for number in range(2 if interrupted else 5):
        times = {"p50": 1e6, "p99": (p99_ms + number / 10) * 1e6, "errors": 0.0, "spread.jain": 0.99}
        even = Check(name="l7_spread", result="pass", sentence="L7: even")
        runs[0].done.append(Repetition(times, (even,), ("l7: one | two",)))
        untold = Check(name="l4_pinned", result="inconclusive", sentence="L4: unknown `pods`")
        runs[1].done.append(Repetition({**times, "p99": 2e6}, (untold,)))
    runs[2].failure = "the pods cannot be reached\nfrom here (direct)"
    return matrix_report(SHOP, runs, commands=("gatelab experiment run shop.yaml",))


def path(pods: dict[str, int], **changes: Any) -> PathReport:
    times = Percentiles(**dict.fromkeys(Percentiles.__struct_fields__, 2_000_000))
    test = SpreadTest(result="pass", unit="request", units=1, needed=1, bound=0.2, confidence=0.95, sentence="even")
    found = PathReport(
        requests=sum(pods.values()),
        errors=0,
        statuses={"OK": sum(pods.values())},
        error_messages={},
        pods=pods,
        connections=(),
        spread=SpreadReport(pods_hit=2, max_minus_min=0, coefficient_of_variation=0, jain=1, test=test),
        service_time_ns=times,
        response_time_ns=times,
        notes=(),
    )
    return msgspec.structs.replace(found, **changes)


def single() -> Report:
    times = Percentiles(**dict.fromkeys(Percentiles.__struct_fields__, 300_000))
    chance = ExpectationReport(
        connections=1, pods=2, pods_hit=(0.0, 1.0), mean_pods_hit=1, mean_largest_share=1, sentence="one pod"
    )
    return Report(
        experiment="shop",
        verdict="fail",
        checks=(
            Check(name="errors", result="pass", sentence="none"),
            Check(name="l7_spread", result="inconclusive", sentence="too few"),
        ),
        startup_s=None,
        first_ok_s=0.5,
        pods_ready_s=0.75,
        load=LoadReport(rps=100, duration_s=10, connections=1),
        l7=path({"pod-a": 500, "pod-b": 500}, notes=("late",)),
        l4=path({"pod-a": 1000, "pod-b": 0}),
        direct=path({"pod-a": 500, "pod-b": 500}),
        expectation=chance,
        added_latency_ns=300_000,
        added_latency_percentiles_ns=times,
        cpu_millicores={},
        memory_pss_bytes=None,
        versions={"gatelab": "1"},
        environment=environment(),
    )
