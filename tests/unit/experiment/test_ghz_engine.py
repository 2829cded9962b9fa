"""ghz as the engine of an experiment: what it is asked, what its report tells, and what is said of the rest.

The program is a shell script here that prints a report of the real one, for the ways in which it may end; the real one
is in tests/e2e/test_wrapped_programs.py.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from gatelab.cluster.port import Cluster
from gatelab.experiment.backends import Backends, ReadyPod
from gatelab.experiment.counting import by_metadata
from gatelab.experiment.engines.engine import LoadTask, PathLoad
from gatelab.experiment.engines.ghz import UNNAMED
from gatelab.experiment.engines.ghz_command import Files, Part, arguments, parts, prefixed
from gatelab.experiment.engines.ghz_report import REMARK, load_result, read_report
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.figures import of_path
from gatelab.experiment.file import Expect, Experiment, Load, Tls
from gatelab.experiment.place import Place
from gatelab.experiment.report import Report
from gatelab.experiment.run import run_experiment
from gatelab.experiment.smoke import Request, request_of
from gatelab.experiment.verdict import path_report
from gatelab.experiment.watchers import Watchers
from running_lab import wait_until

RECORDED = Path(__file__).with_name("recorded") / "ghz-0.121.0.json"
FILES = Files("/t/call.protoset", "/t/message.bin", "/t/ca.crt")


def task(load: Load | None = None, *, pods: int = 3, tls: Tls = "verify", place: Place | None = None) -> LoadTask:
    experiment = Experiment(
        experiment="shop",
        target="shop.test:443",
        service="shop/till:80",
        proto="p.proto",
        call="a.B/C",
        tls=tls,
        load=load or Load(rps=100, duration="2s", connections=4, engine="ghz"),
    )
    ready = tuple(ReadyPod(f"pod-{number}", f"10.0.0.{number}", 8080) for number in range(pods))
    place = place or Place("10.0.9.9", shifted={443: 10443})
    return LoadTask(experiment, Request("/a.B/C", b"x"), place, Backends(("10.0.5.5", 80), ready, pods))


def test_what_it_is_asked() -> None:
    (part,) = parts(task(), "l7")
    assert part == Part("10.0.9.9", 10443, 100, 200, 4)
    assert arguments(task(), "l7", part, FILES) == [
        *("--protoset", "/t/call.protoset", "--call", "a.B/C", "--binary-file", "/t/message.bin"),
        *("--rps", "100", "--total", "200", "--duration-stop", "wait", "--connections", "4", "--concurrency", "50"),
        *("--timeout", "10s", "--connect-timeout", "5s", "--authority", "shop.test:443", "--cacert", "/t/ca.crt"),
        *("--format", "json", "10.0.9.9:10443"),
    ]


@pytest.mark.parametrize(
    ("path", "tls", "authorities", "wanted"),
    [
        ("l7", "verify", "", []),
        ("l7", "skip-verify", "/t/ca.crt", ["--skipTLS"]),
        ("l7", "off", "", ["--insecure"]),
        ("l4", "verify", "/t/ca.crt", ["--insecure"]),
        ("direct", "verify", "/t/ca.crt", ["--insecure"]),
    ],
)
def test_tls_is_the_gateways_alone(path: str, tls: Tls, authorities: str, wanted: list[str]) -> None:
    given = task(tls=tls)
    found = arguments(given, path, parts(given, path)[0], Files("p", "m", authorities))
    assert found[found.index("shop.test:443") + 1 : found.index("--format")] == wanted


def test_an_address_of_version_6_is_in_brackets() -> None:
    given = task(place=Place("fd00::9"))
    assert arguments(given, "l7", parts(given, "l7")[0], FILES)[-1] == "[fd00::9]:443"


def test_the_direct_load_is_divided_in_whole_numbers() -> None:
    assert parts(task(), "direct") == (
        Part("10.0.0.0", 8080, 34, 67, 2),
        Part("10.0.0.1", 8080, 33, 67, 2),
        Part("10.0.0.2", 8080, 33, 66, 2),
    )
    few = parts(task(Load(rps=2, duration="1s")), "direct")
    assert [(each.rps, each.calls, each.connections) for each in few] == [(1, 1, 1), (1, 1, 1)]


def test_too_many_pods_are_named_with_what_to_do() -> None:
    with pytest.raises(CouldNotRun, match=r"500 pods .* 16 are the most: give the matrix path: \[gateway, service\]"):
        parts(task(pods=500), "direct")


@pytest.mark.parametrize(("length", "prefix"), [(0, b"\x00"), (1, b"\x01"), (127, b"\x7f"), (300, b"\xac\x02")])
def test_a_message_is_one_however_it_begins(length: int, prefix: bytes) -> None:
    assert prefixed(b"\x0a" * length) == prefix + b"\x0a" * length


def test_what_its_report_tells() -> None:
    result = load_result([read_report(RECORDED.read_bytes())], planned=12, rps=0, started=1.0)
    assert (result.count, result.errors, result.statuses) == (12, 4, {"DeadlineExceeded": 4, "OK": 8})
    assert result.error_messages == {"rpc error: code = DeadlineExceeded desc = context deadline exceeded": 4}
    times = (result.service.count, result.service.min_ns, result.service.max_ns)
    assert times == (8, 1_384_079, 6_966_281), "of those that were answered"
    assert (result.remarks, round(result.elapsed_s, 3)) == ((REMARK,), 0.022)


def test_what_it_does_not_tell_is_no_figure() -> None:
    load = PathLoad(load_result([read_report(RECORDED.read_bytes())], planned=12, rps=0, started=1.0), UNNAMED)
    reported = path_report(load.result, ["a"], Expect(), "connection", by_metadata(load))
    assert reported.response_time_ns is None
    found = of_path(reported, 1.0)
    assert {"p50", "p99.99", "errors", "error_rate", "rps"} <= {*found}
    assert not [name for name in found if name.startswith(("response.", "spread.", "pods", "reconnects"))]


def test_reports_of_several_processes_are_put_together() -> None:
    report = read_report(RECORDED.read_bytes())
    result = load_result([report, report], planned=30, rps=0, started=1.0)
    assert (result.count, result.service.count) == (24, 16)
    assert result.remarks[1] == "ghz made 24 of 30 calls in its time: it, or what it called, could not keep up"


def test_times_that_it_did_not_keep_are_said() -> None:
    report = msgspec.structs.replace(read_report(RECORDED.read_bytes()), count=1_000_012)
    result = load_result([report], planned=0, rps=0, started=1.0)
    assert result.remarks[1].startswith("ghz keeps the times of 12 calls at most")


def test_a_report_that_is_none() -> None:
    with pytest.raises(CouldNotRun, match=r"ghz's report is not what it was in version 0\.121\.0"):
        read_report(b"Summary:")


Ghz = Callable[[str], None]


@pytest.fixture
def ghz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ghz:
    """Makes a script the only program of the PATH, by the name of ghz."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(script: str) -> None:
        (tmp_path / "ghz").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (tmp_path / "ghz").chmod(0o755)

    return make


async def performed(experiment: Experiment, cluster: Cluster, **options: Any) -> Report:
    load = Load(rps=100, duration="100ms", engine="ghz")
    expect = msgspec.structs.replace(experiment.expect, pods=2)
    given = msgspec.structs.replace(experiment, load=load, expect=expect)
    watchers = Watchers(lambda _: None, lambda _path, _progress: None)
    return await run_experiment(given, request_of(given), cluster, watchers, apply=None, **options)


async def test_a_run(experiment: Experiment, cluster: Cluster, ghz: Ghz) -> None:
    ghz(f"cat {RECORDED}")
    report = await performed(experiment, cluster)
    # The two pods have one address in this cluster, and a process each.
    assert [each.requests for each in (report.direct, report.l4, report.l7)] == [24, 12, 12]
    assert report.direct.counting.source == "target"
    assert (report.l4.counting.source, report.l4.counting.sentence) == ("none", UNNAMED)
    assert [event.text for event in report.events] == ["turn of direct", "turn of l4", "turn of l7"]
    pinned = next(check for check in report.checks if check.name == "l4_pinned")
    assert (pinned.result, UNNAMED in pinned.sentence) == ("inconclusive", True)
    assert "gatelab ghz --insecure" in report.commands[1]
    assert report.commands[2].startswith("ghz --insecure --authority ")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'proto: no such thing' >&2; exit 1", "direct: ghz ended with 1: proto: no such thing"),
        ("kill -9 $$", "direct: ghz ended with -9: it said nothing"),
        ("echo Summary:", "direct: ghz's report is not what it was"),
    ],
)
async def test_when_it_fails(experiment: Experiment, cluster: Cluster, ghz: Ghz, script: str, said: str) -> None:
    ghz(script)
    with pytest.raises(CouldNotRun) as caught:
        await performed(experiment, cluster)
    assert str(caught.value).startswith(said)


async def test_when_it_is_gone(experiment: Experiment, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelab.experiment.engines.ghz.find_program", lambda _name: None)
    with pytest.raises(CouldNotRun, match="there is no program 'ghz' on the PATH"):
        await performed(experiment, cluster)


async def test_what_does_not_end_is_ended(
    experiment: Experiment, cluster: Cluster, ghz: Ghz, monkeypatch: pytest.MonkeyPatch
) -> None:
    ghz("trap '' INT; while :; do sleep 0.05; done")
    monkeypatch.setattr("gatelab.experiment.engines.ghz_process.GRACE_S", 0.1)
    monkeypatch.setattr("gatelab.experiment.engines.ghz.most_s", lambda _task: 0.1)
    with pytest.raises(CouldNotRun, match=r"direct: ghz: it did not end within 0\.2 s"):
        await performed(experiment, cluster)


async def test_stopped_it_is_interrupted_and_the_other_paths_are_not_begun(
    experiment: Experiment, cluster: Cluster, ghz: Ghz, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    ghz(f"trap 'cat {RECORDED}; exit 0' INT; echo >> {begun}; while :; do sleep 0.02; done")
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(performed(experiment, cluster, stop=stop))
        while not begun.exists() or len(begun.read_text()) < 2:  # noqa: ASYNC110 - a file is all that they tell
            await asyncio.sleep(0.01)
        stop.set()
    report = running.result()
    assert [each.requests for each in (report.direct, report.l4, report.l7)] == [24, 0, 0]
    assert (report.checks[0].name, report.verdict) == ("complete", "fail")


async def test_a_path_that_nobody_listens_on(experiment: Experiment, cluster: Cluster, ghz: Ghz) -> None:
    ghz(f"cat {RECORDED}")
    cluster.objects[0][1]["spec"]["ports"][0]["port"] = 9  # type: ignore[attr-defined]
    unreachable = msgspec.structs.replace(experiment, service="shop/till:9")
    with pytest.raises(
        CouldNotRun, match=r"l4: the Service's address cannot be reached from here: .*:9: connection refused"
    ):
        await performed(unreachable, cluster)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not end children with their parent")
def test_a_gatelab_that_is_killed_leaves_no_load_behind(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    script = f"echo $$ > {file}.new; mv {file}.new {file}; exec sleep 60"
    program = (
        "import asyncio\n"
        "from gatelab.experiment.engines.ghz_process import run_ghz\n"
        f"asyncio.run(run_ghz(['/bin/sh', '-c', {script!r}], asyncio.Event(), most_s=60))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as gatelab:
        wait_until(file.exists, "it runs")
        gatelab.kill()
    process = int(file.read_text())
    wait_until(lambda: _has_ended(process), "it has ended too")


def _has_ended(process: int) -> bool:
    """Though nobody waits for it, where nobody does."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
