"""A matrix on a real lab: cells in turns, what was changed put back, baselines, Ctrl-C."""

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from running_lab import EXAMPLE, TARGET, Lab, print_logs, start_lab, stop_lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
REPLICAS = ("-n", "hello-grpc", "deployment", "hello-grpc")
FILE = f"""
experiment: hello-grpc
target: {TARGET}
service: hello-grpc/hello-grpc:8080
proto: {EXAMPLE / "greetings.proto"}
call: greetings.GreetMe/Send
data: {{name: x, delay_ms: 1}}
load: {{rps: 300, duration: 500ms}}
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One for all, with the example in it: every run puts back what it changes."""
    state = Path(tempfile.mkdtemp(prefix="gl-"))
    running = start_lab(state)
    try:
        running.apply_example()
        yield running
    finally:
        stop_lab(running)
        print_logs(state)
        shutil.rmtree(state, ignore_errors=True)


def run(lab: Lab, file: Path, text: str, *options: str) -> tuple[int, Any, str]:
    """The exit code, the report, and stderr."""
    file.write_text(f"{FILE}{text}")
    done = lab.gatelab("experiment", "run", str(file), "--format", "json", *options, check=False, timeout_s=120)
    return done.returncode, json.loads(done.stdout), done.stderr


def replicas(lab: Lab) -> int:
    return int(lab.get(*REPLICAS)["spec"]["replicas"])


def test_a_matrix_is_run_in_turns_and_everything_put_back(lab: Lab, tmp_path: Path) -> None:
    before = lab.get("-n", "hello-grpc", "gateway", "hello-grpc")["spec"]
    text = """
matrix: {replicas: [2, 3], path: [gateway, service], policy: [least_request]}
repetitions: 2
expect:
  spread: 60%
  figures: [errors==0]
  cells:
    - {when: {path: service}, figures: [pods==1]}
    - {when: {path: gateway, replicas: 3}, figures: [pods==3, 'p50<5s']}
"""
    code, report, stderr = run(lab, tmp_path / "e.yaml", text, "--report", f"junit={tmp_path / 'out.xml'}")
    assert (code, report["verdict"]) == (0, "pass"), stderr
    assert [cell["name"] for cell in report["cells"]] == [
        f"replicas={number} policy=least_request path={path}" for number in (2, 3) for path in ("gateway", "service")
    ]
    for cell in report["cells"]:
        assert (cell["result"], cell["repetitions"]) == ("pass", 2)
        assert cell["figures"]["count"]["values"] == [150, 150]
    assert report["cells"][0]["figures"]["pods"]["median"] == 2
    assert "<testsuites" in (tmp_path / "out.xml").read_text()
    assert replicas(lab) == 5
    assert lab.get("-n", "hello-grpc", "gateway", "hello-grpc")["spec"] == before
    names = [each["metadata"]["name"] for each in lab.get("-n", "hello-grpc", "configmaps")["items"]]
    assert not [name for name in names if name.startswith("gatelab-experiment-")]


def test_a_baseline_that_holds_and_one_that_does_not(lab: Lab, tmp_path: Path) -> None:
    text = """
matrix: {path: [direct], duration: [300ms]}
repetitions: 5
expect: {cells: [{when: {path: direct}, figures: [errors==0]}]}
"""
    saved = str(tmp_path / "baseline.json")
    assert run(lab, tmp_path / "e.yaml", text, "--save-baseline", saved)[0] == 0

    # The machine may have got slower meanwhile, but not so that a call fails or another pod answers.
    code, report, _ = run(lab, tmp_path / "e.yaml", text, "--baseline", saved, "--tolerance", "99%")
    worse = [each["figure"] for each in report["comparison"]["changes"] if each["result"] == "worse"]
    assert not {"errors", "error_rate", "pods"} & {*worse}
    assert code == (1 if worse else 0)

    slower = text.replace("repetitions", "data: {name: x, delay_ms: 300}\nrepetitions")
    given = FILE.replace("data: {name: x, delay_ms: 1}\n", "")
    (tmp_path / "slow.yaml").write_text(f"{given}{slower}")
    done = lab.gatelab("experiment", "run", str(tmp_path / "slow.yaml"), "--baseline", saved, check=False)
    assert done.returncode == 1, done.stderr
    assert "worse than the baseline" in done.stdout
    assert "the experiment is not the baseline's: its call, data, target or load" in done.stdout


def test_what_cannot_run_is_said_and_the_others_go_on(lab: Lab, tmp_path: Path) -> None:
    current = lab.kubectl("config", "current-context").stdout.strip()
    text = f"""
matrix: {{context: [nowhere, {current}], duration: [200ms], path: [service]}}
"""
    code, report, _ = run(lab, tmp_path / "e.yaml", text)
    nowhere, here = report["cells"]
    assert (code, nowhere["result"], here["result"]) == (1, "could not run", "pass"), here
    assert "'nowhere' not found" in nowhere["reason"]


def test_interrupted_it_reports_what_there_is_and_puts_back(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(f"{FILE}\nmatrix: {{replicas: [2], path: [service]}}\nrepetitions: 100\n")
    running = lab.popen("experiment", "run", str(file), "--format", "json")
    try:
        wait_until(lambda: replicas(lab) == 2, "the experiment scales")
        assert running.stderr is not None
        while "repetition 2 of 100" not in (line := running.stderr.readline()):
            assert line, "it ended by itself"
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()
    report = json.loads(stdout)
    assert (running.returncode, report["complete"], report["verdict"]) == (1, False, "fail"), stderr
    assert report["cells"][0]["repetitions"] >= 1
    assert replicas(lab) == 5


def test_what_a_killed_run_altered_the_next_puts_back(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(f"{FILE}\nmatrix: {{replicas: [2], path: [service]}}\nrepetitions: 100\n")
    running = lab.popen("experiment", "run", str(file), "--quiet")
    try:
        wait_until(lambda: replicas(lab) == 2, "the experiment scales")
    finally:
        running.kill()
        running.communicate(timeout=20)
    assert lab.get(*REPLICAS)["metadata"]["annotations"]["gatelab.dev/replicas-before"] == "5"

    code, _, stderr = run(lab, file, "expect: {spread: 90%}\n", "--no-apply")
    assert code == 0, stderr
    assert (
        "Deployment hello-grpc/hello-grpc has 2 replicas of an experiment that was killed: it gets its 5 back" in stderr
    )
    deployment = lab.get(*REPLICAS)
    assert deployment["spec"]["replicas"] == 5
    assert "gatelab.dev/replicas-before" not in (deployment["metadata"].get("annotations") or {})
