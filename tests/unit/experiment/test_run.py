"""A whole experiment without a lab: servers of another make play Gateway, Service and pod; the cluster is a table."""

import asyncio
from typing import Any

import msgspec
import pytest

from gatelab.cluster.port import Cluster
from gatelab.experiment.engines.in_turns import _between_rounds
from gatelab.experiment.errors import CouldNotRun, ExperimentFileError
from gatelab.experiment.file import Experiment, Load
from gatelab.experiment.report import Report
from gatelab.experiment.run import run_experiment
from gatelab.experiment.smoke import request_of
from gatelab.experiment.turns import GAP_S, Turns
from gatelab.experiment.watchers import Watchers
from gatelab.kinds.builtin import GRPC_ROUTE
from gatelab.load import Progress

COMMAND = "gatelab experiment run shop.yaml"


async def performed(experiment: Experiment, cluster: Cluster, apply: Any = None) -> tuple[Report, list[str]]:
    said: list[str] = []

    def progressed(_path: str, _progress: Progress) -> None:
        pass

    changed = msgspec.structs.replace(experiment, expect=msgspec.structs.replace(experiment.expect, pods=2))
    watchers = Watchers(said.append, progressed)
    report = await run_experiment(
        changed, request_of(changed), cluster, watchers, apply=apply, startup_s=1.5, command=COMMAND
    )
    return report, said


async def test_the_report_of_a_gateway_that_spreads(experiment: Experiment, cluster: Cluster) -> None:
    applied = asyncio.Event()

    async def apply() -> None:
        applied.set()

    report, said = await performed(experiment, cluster, apply)
    assert applied.is_set()
    assert [text.split(" after ")[0] for text in said] == ["first OK call", "2 pods ready"]
    assert {check.name: check.result for check in report.checks} == {
        "errors": "pass",
        "l7_spread": "pass",
        "l4_pinned": "pass",
        "pods": "pass",
    }
    assert report.verdict == "pass"
    for path in (report.l7, report.l4, report.direct):
        assert (path.requests, path.errors) == (300, 0)
    assert report.l7.spread.max_minus_min <= 1
    assert report.l4.pods == {"pod-a": 300, "pod-b": 0}
    assert (report.startup_s, report.expectation.mean_pods_hit) == (1.5, 1.0)
    written = msgspec.json.decode(msgspec.json.encode(report))
    percents = {"p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"}
    assert set(written["l7"]["service_time_ns"]) == percents
    assert [event.text for event in report.events] == ["turn of direct", "turn of l4", "turn of l7"]
    assert report.commands[0] == "gatelab experiment run shop.yaml"
    assert [command.split()[1] for command in report.commands[1:]] == ["call", "load", "load", "load"]
    assert f"--insecure --authority {experiment.target} " in report.commands[3]
    assert written["added_latency_ns"] == (
        written["l7"]["service_time_ns"]["p50"] - written["direct"]["service_time_ns"]["p50"]
    )


async def test_stopped_in_the_load_it_reports_what_there_is(experiment: Experiment, cluster: Cluster) -> None:
    stop = asyncio.Event()
    long = msgspec.structs.replace(experiment, load=Load(rps=100, duration="40s"))
    watchers = Watchers(lambda _: None, lambda _path, _progress: stop.set())
    report = await run_experiment(long, request_of(long), cluster, watchers, apply=None, stop=stop)
    assert report.verdict == "fail"
    assert (report.checks[0].name, report.checks[0].result) == ("complete", "inconclusive")
    assert f"(direct {report.direct.requests}, l4 " in report.checks[0].sentence
    assert report.checks[0].sentence.endswith("of 4000 calls each)")
    assert 0 < report.direct.requests < 4000


async def test_stopped_before_the_load_there_is_nothing_to_report(experiment: Experiment, cluster: Cluster) -> None:
    stop = asyncio.Event()
    silent = msgspec.structs.replace(experiment, target="127.28.0.6:9")
    watchers = Watchers(lambda _: None, lambda _path, _progress: None)

    async def apply() -> None:
        stop.set()

    with pytest.raises(CouldNotRun, match="interrupted before the load began"):
        await run_experiment(silent, request_of(silent), cluster, watchers, apply=apply, stop=stop)


async def test_a_path_that_is_not_there(experiment: Experiment, cluster: Cluster) -> None:
    unreachable = msgspec.structs.replace(experiment, service="shop/till:9")
    cluster.objects[0][1]["spec"]["ports"][0]["port"] = 9  # type: ignore[attr-defined]
    with pytest.raises(CouldNotRun, match=r"the Service's address cannot be reached from here \(l4\): .*refused"):
        await performed(unreachable, cluster)


async def test_a_target_that_never_answers(
    experiment: Experiment, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatelab.experiment.run.READY_TIMEOUT_S", 0.1)
    silent = msgspec.structs.replace(experiment, target="127.28.0.6:9")
    with pytest.raises(CouldNotRun, match=r"127.28.0.6:9 did not answer OK within 0.1 s: .*connection refused"):
        await performed(silent, cluster)


async def test_pods_that_never_come(experiment: Experiment, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelab.experiment.run.READY_TIMEOUT_S", 0.1)
    cluster.objects[1][1]["endpoints"].pop()  # type: ignore[attr-defined]
    with pytest.raises(CouldNotRun, match=r"1 of 2 pods are ready after 0.1 s behind shop/till"):
        await performed(experiment, cluster)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"proto": "absent.proto"}, "proto: "),
        ({"call": "greetings.GreetMe/Sent"}, 'call: service "greetings.GreetMe" does not include'),
        ({"data": {"nme": "x"}}, "data: "),
    ],
)
def test_what_the_proto_file_does_not_know(experiment: Experiment, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ExperimentFileError) as caught:
        request_of(msgspec.structs.replace(experiment, **change))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(("duration_s", "rounds"), [(10, 10), (0.5, 1), (2.5, 3), (60, 60)])
def test_turns_add_up_to_the_duration(duration_s: float, rounds: int) -> None:
    turns = Turns.for_duration(duration_s)
    assert turns.rounds == rounds
    assert turns.rounds * turns.slice_s == pytest.approx(duration_s)
    assert turns.total_s == pytest.approx(3 * (duration_s + rounds * GAP_S))


async def test_between_turns_something_may_be_read() -> None:
    read: list[int] = []

    async def do() -> None:
        read.append(1)

    ended = asyncio.Event()
    await _between_rounds(Turns(rounds=3, slice_s=0.01), do, ended)
    assert len(read) == 2, "after the last turn whoever measures reads himself"
    ended.set()
    await _between_rounds(Turns(rounds=3, slice_s=60), do, ended)
    assert len(read) == 2, "what has ended is not waited for"


async def test_without_a_way_to_pods_the_report_says_so(experiment: Experiment, cluster: Cluster) -> None:
    route = {
        "metadata": {"namespace": "shop", "name": "calls"},
        "spec": {
            "parentRefs": [{"name": "front"}],
            "rules": [{"backendRefs": [{"name": "till", "port": experiment.service_reference[2]}]}],
        },
    }
    short = msgspec.structs.replace(experiment, load=Load(rps=400, duration="50ms"))
    report, _ = await performed(short, cluster)
    assert report.l7.counting.source == "metadata"
    assert "no GRPCRoute or HTTPRoute leads from" in report.l7.counting.sentence
    cluster.objects.append((GRPC_ROUTE, route))  # type: ignore[attr-defined]
    report, _ = await performed(short, cluster)
    assert report.l7.counting.sentence.endswith("this cluster's API passes nothing on to pods")
    assert (report.prediction, report.weights) == (None, None)


async def test_more_pods_than_calls_may_be_in_flight(experiment: Experiment, cluster: Cluster) -> None:
    """The direct path has a connection to each."""
    endpoints = [{"addresses": ["127.28.0.6"], "targetRef": {"name": f"pod-{number}"}} for number in range(60)]
    cluster.objects[1][1]["endpoints"] = endpoints  # type: ignore[attr-defined]
    short = msgspec.structs.replace(experiment, load=Load(rps=600, duration="100ms"))
    watchers = Watchers(lambda _: None, lambda _path, _progress: None)
    report = await run_experiment(short, request_of(short), cluster, watchers, apply=None)
    assert (len(report.direct.connections), report.direct.requests) == (60, 60)
