"""A matrix without a lab: servers of another make play Gateway, Service and pod; the cluster is a table."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from gatelab.cluster.port import Cluster
from gatelab.cluster.remote import KubeconfigError
from gatelab.experiment.axes import Matrix
from gatelab.experiment.file import Experiment, Load
from gatelab.experiment.matrix.report import MatrixReport
from gatelab.experiment.matrix.run import MatrixWatchers, run_matrix
from gatelab.experiment.matrix.site import Opened
from gatelab.experiment.smoke import request_of
from gatelab.load import Progress


class Run:
    """A matrix run, and what was said and done in it."""

    def __init__(self, experiment: Experiment, cluster: Cluster) -> None:
        load = Load(rps=200, duration="150ms")
        expect = msgspec.structs.replace(experiment.expect, spread=0.9, pods=2)
        self.experiment = msgspec.structs.replace(experiment, load=load, expect=expect)
        self.cluster = cluster
        self.said: list[str] = []
        self.applied: list[str | None] = []
        self.closed: list[str | None] = []
        self.stop = asyncio.Event()
        self.stop_after = 1000

    async def report(self, repetitions: int = 1, **axes: tuple[object, ...]) -> MatrixReport:
        matrix = Matrix(**axes)  # type: ignore[arg-type]
        given = msgspec.structs.replace(self.experiment, matrix=matrix, repetitions=repetitions)
        watchers = MatrixWatchers(self._say, self._began)
        return await run_matrix(given, request_of(given), self._opened, watchers, stop=self.stop, commands=("again",))

    def _say(self, text: str) -> None:
        self.said.append(text)

    def _began(self, _total_s: float) -> Callable[[str, Progress], None]:
        self.stop_after -= 1
        if self.stop_after < 0:
            self.stop.set()
        return lambda _path, _progress: None

    @asynccontextmanager
    async def _opened(self, context: str | None) -> AsyncIterator[Opened]:
        if context == "nowhere":
            raise KubeconfigError("kubeconfig k: Context 'nowhere' not found")

        async def apply() -> None:
            self.applied.append(context)

        yield Opened(self.cluster, None, apply)
        self.closed.append(context)


@pytest.fixture
def run(experiment: Experiment, cluster: Cluster) -> Run:
    return Run(experiment, cluster)


async def test_cells_take_turns_and_have_medians(run: Run) -> None:
    report = await run.report(2, path=("gateway", "service", "direct"))
    assert [each.split(":")[0] for each in run.said] == ["path=gateway", "path=service", "path=direct"] * 2
    assert run.said[0].startswith("path=gateway: repetition 1 of 2, 6 to go, about 1 s left")
    assert (report.verdict, report.complete, report.commands) == ("pass", True, ("again",))
    gateway, service, direct = report.cells
    assert (len(gateway.figures["p99"].values), gateway.figures["count"].median) == (2, 30)
    assert (gateway.figures["pods"].median, service.figures["pods"].median) == (2, 1)
    assert [check.name for check in gateway.checks] == ["errors", "l7_spread", "pods"]
    assert [check.name for check in service.checks] == ["errors", "l4_pinned", "pods"]
    assert [check.name for check in direct.checks] == ["errors", "pods"]
    assert "added_latency.p50" not in gateway.figures
    assert (run.applied, run.closed) == ([None], [None])


async def test_without_the_axis_path_all_three_are_measured(run: Run) -> None:
    (cell,) = (await run.report(rps=(100.0,))).cells
    assert (cell.name, cell.result) == ("rps=100", "pass")
    assert {"p50", "l4.p50", "direct.p50", "added_latency.p50"} <= {*cell.figures}
    assert cell.figures["l4.spread.jain"].median == 0.5


async def test_a_cell_that_cannot_run_is_a_result_and_the_others_go_on(run: Run) -> None:
    report = await run.report(2, context=("nowhere", "here"), path=("direct",))
    nowhere, here = report.cells
    assert (nowhere.result, nowhere.reason) == ("could not run", "kubeconfig k: Context 'nowhere' not found")
    assert (here.result, here.repetitions) == ("pass", 2)
    assert (report.verdict, report.complete, report.ran) == ("fail", True, True)
    assert sum("context=nowhere" in each for each in run.said) == 2, "tried once"
    assert run.applied == ["here"]


async def test_an_engine_of_others_makes_the_same_load(run: Run) -> None:
    native, grpcio = (await run.report(engine=("native", "grpcio"), path=("gateway",))).cells
    assert (native.result, grpcio.result) == ("pass", "pass")
    assert [cell.figures["count"].median for cell in (native, grpcio)] == [30, 30]
    assert grpcio.figures["pods"].median == 2
    assert any("made by grpcio" in note for note in grpcio.notes)


async def test_when_nothing_ran_the_report_says_so(run: Run) -> None:
    report = await run.report(context=("nowhere",))
    assert (report.ran, report.verdict) == (False, "fail")


async def test_stopped_in_the_middle_it_reports_what_is_complete(run: Run) -> None:
    run.stop_after = 1
    report = await run.report(2, path=("direct", "service"))
    direct, service = report.cells
    assert (direct.repetitions, service.repetitions) == (1, 0), "the measurement that was stopped does not count"
    assert (report.complete, report.verdict, service.result) == (False, "fail", "inconclusive")
    assert run.closed == [None]


async def test_expectations_of_figures_are_checks(run: Run) -> None:
    expect = msgspec.structs.replace(run.experiment.expect, figures=("p99<10s", "count>=31"))
    run.experiment = msgspec.structs.replace(run.experiment, expect=expect)
    (cell,) = (await run.report(path=("direct",))).cells
    assert [(check.name, check.result) for check in cell.checks[-2:]] == [("p99<10s", "pass"), ("count>=31", "fail")]
    assert cell.result == "fail"
