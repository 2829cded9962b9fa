from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from gatelab.cli.demo import demo
from gatelab.cli.demo_run import example_file
from gatelab.cli.experiment.command import experiment
from gatelab.cli.experiment.output import text_of
from gatelab.cli.experiment.run import Overrides, read
from gatelab.experiment.environment import environment
from gatelab.experiment.report import (
    Check,
    Connection,
    Counting,
    ExpectationReport,
    LoadReport,
    PathReport,
    Percentiles,
    Report,
    SpreadReport,
    SpreadTest,
    WeightReport,
    WeightsReport,
)
from gatelab.spread import expect


def run(*arguments: str) -> Result:
    return CliRunner().invoke(experiment, ["run", *arguments], catch_exceptions=False)


def test_the_example_is_found_and_options_stand_above_it() -> None:
    prepared = read(example_file(), Overrides(rps=50, duration_s=2.5, connections=3))
    load = prepared.experiment.load
    assert (load.rps, load.duration_s, load.connections) == (50, 2.5, 3)
    assert prepared.request.path == "/greetings.GreetMe/Send"
    assert read(example_file(), Overrides()).experiment.load.duration == "10s"


def test_a_mistake_in_the_file_is_usage(tmp_path: Path) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_text("experiment: x\n")
    done = run(str(file))
    assert done.exit_code == 2
    assert "missing required field `target`" in done.stderr
    assert run(str(tmp_path / "absent.yaml")).exit_code == 2


def test_a_missing_manifest_is_usage(tmp_path: Path) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_text(example_file().read_text())
    done = run(str(file))
    assert (done.exit_code, "manifests: there is no file manifests/selfsigned-ca.yaml" in done.stderr) == (2, True)


def test_no_cluster_is_could_not_run() -> None:
    done = run(str(example_file()))
    assert done.exit_code == 3
    assert "set KUBECONFIG, or start a lab with `gatelab up --detach`" in done.stderr


def test_a_kubeconfig_that_is_none_is_could_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("[]")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    done = run(str(example_file()))
    assert (done.exit_code, done.stderr.startswith("Error: kubeconfig ")) == (3, True)


@pytest.mark.parametrize("arguments", [["--duration", "10"], ["--rps", "0"], ["--connections", "0"], ["file"]])
def test_demo_options_are_checked(arguments: list[str]) -> None:
    assert CliRunner().invoke(demo, arguments).exit_code == 2


def path(pods: dict[str, int]) -> PathReport:
    times = Percentiles(**dict.fromkeys(Percentiles.__struct_fields__, 2_000_000))
    test = SpreadTest(result="pass", unit="request", units=1, needed=1, bound=0.2, confidence=0.95, sentence="even")
    return PathReport(
        requests=sum(pods.values()) + 1,
        errors=1,
        statuses={},
        error_messages={"no healthy upstream": 1},
        pods=pods,
        connections=(Connection(pods=pods, reconnects=0),),
        spread=SpreadReport(pods_hit=2, max_minus_min=0, coefficient_of_variation=0, jain=1, test=test),
        service_time_ns=times,
        response_time_ns=times,
        notes=("the generator was late",),
    )


def report() -> Report:
    chance = expect(1, 2)
    fields = {name: getattr(chance, name) for name in ExpectationReport.__struct_fields__}
    return Report(
        experiment="shop",
        verdict="fail",
        checks=(Check(name="errors", result="fail", sentence="1 failed call"),),
        startup_s=1.25,
        first_ok_s=0.5,
        pods_ready_s=0.75,
        load=LoadReport(rps=100, duration_s=10, connections=1),
        l7=path({"pod-a": 500, "pod-b": 500}),
        l4=path({"pod-a": 1000, "pod-b": 0}),
        direct=path({"pod-a": 1000, "pod-b": 0}),
        expectation=ExpectationReport(**fields),
        added_latency_ns=300_000,
        added_latency_percentiles_ns=Percentiles(**dict.fromkeys(Percentiles.__struct_fields__, 300_000)),
        cpu_millicores={"pod-a": 12.4},
        memory_pss_bytes=300_000_000,
        versions={},
        environment=environment(),
    )


def test_the_text_shows_both_spreads_side_by_side() -> None:
    shown = text_of(report())
    assert "lab ready in 1.25 s, first OK call after 0.50 s, all pods ready after 0.75 s, memory 300 MB" in shown
    (line,) = [line for line in shown.splitlines() if line.strip().startswith("pod-a")]
    assert line.split() == ["pod-a", "1000", "100.0%", "█" * 20, "500", "50.0%", "█" * 10 + "·" * 10, "12m"]
    assert "1 connection over 2 pods at L4: one pod is expected to get everything" in shown
    assert "+0.30" in shown
    assert "error (L7, 1 times): no healthy upstream" in shown
    assert shown.endswith("Verdict: fail")
    assert max(len(line) for line in shown.splitlines()) <= 118


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_text_fits_a_terminal_and_loses_no_figure(width: int) -> None:
    shown = text_of(report(), width=width)
    assert max(len(line) for line in shown.splitlines()) <= width
    (line,) = [line for line in shown.splitlines() if line.strip().startswith("pod-a")]
    assert [word for word in line.split() if word.strip("█·")] == ["pod-a", "1000", "100.0%", "500", "50.0%", "12m"]
    assert "Service time in ms" in shown
    assert "Response time in ms" in shown
    assert "…" not in shown


def test_a_long_name_leaves_the_counts_their_room_and_keeps_its_end() -> None:
    long = "the-name-of-a-deployment-that-is-as-long-as-they-may-be-7d9f8b6c5d"
    pods = {f"{long}-{end}": 500 for end in ("aaaaa", "bbbbb")}
    given = report()
    reported = msgspec.structs.replace(given, l7=path(pods), l4=path(pods), cpu_millicores=dict.fromkeys(pods, 12.0))
    shown = text_of(reported)
    rows = [line.split() for line in shown.splitlines() if "███" in line]
    assert [row[1:] for row in rows] == [["500", "50.0%", "█" * 10 + "·" * 10] * 2 + ["12m"]] * 2
    assert all(f"-{end}\n" in shown or f"-{end} " in shown for end in ("aaaaa", "bbbbb"))
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 118


def test_the_text_says_who_counted_and_shows_weights() -> None:
    test = SpreadTest(
        result="pass", unit="request", units=1, needed=1, bound=0.2, confidence=0.95, sentence="by weight"
    )
    canary = WeightReport(
        backend="shop/canary:80", expected=0.1, requests=99, share=0.099, low=0.08, high=0.12, result="pass"
    )
    unknown = msgspec.structs.replace(path({}), counting=Counting(source="none", sentence="by nobody"))
    envoy = Counting(source="envoy", sentence="by the Gateway: what its Envoy sent", envoys=1, readings=3)
    given = report()
    shown = text_of(
        msgspec.structs.replace(
            given,
            l4=unknown,
            l7=msgspec.structs.replace(given.l7, counting=envoy),
            weights=WeightsReport(route="shop/calls rule 0", backends=(canary,), test=test, needed_for_verdict=3430),
        )
    )
    assert "L7 counted by the Gateway: what its Envoy sent" in shown
    assert "L4: unknown.  L7: 2 hit, max - min 0, CV 0.000, Jain 1.0000" in shown
    (line,) = [line for line in shown.splitlines() if line.strip().startswith("pod-a")]
    assert line.split()[1:4] == ["?", "unknown", "500"]
    (line,) = [line for line in shown.splitlines() if "shop/canary:80" in line]
    assert "a verdict by weight takes 3430 requests" in shown
    assert line.split() == ["shop/canary:80", "10.00%", "99", "9.90%", "8.00%", "to", "12.00%"]


def test_the_environment_names_nobody() -> None:
    written = msgspec.json.encode(environment()).decode()
    assert "/" not in written
    assert str(Path.home().name) not in written
