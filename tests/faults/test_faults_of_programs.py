"""Programs that do not behave: each Pod says what is wrong with it, goes when it is told to, and disturbs nobody."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from faulty_lab import NAMESPACE, FaultyLab, faulty_lab
from running_lab import EXAMPLE, TARGET, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

FORKS = """
import os, sys, time
for _ in range(3):
    if os.fork():
        time.sleep(600)
    os.setsid()
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""
BINDS = "import os, socket, sys; socket.create_server((os.environ['GATELAB_POD_IP'], int(sys.argv[1])))"
STUBBORN = "trap '' TERM HUP INT; while :; do sleep 0.1; done"


@pytest.fixture(scope="module")
def shared(module_folder: Path) -> Iterator[FaultyLab]:
    """A lab that may not bind port 443, as most people's."""
    wrapper = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
    with faulty_lab(module_folder, wrapper=wrapper if os.geteuid() == 0 else ()) as running:
        yield running


def container(*command: str, **fields: Any) -> dict[str, Any]:
    return {"name": "c", "image": "test/any:1", "command": list(command), **fields}


def start(scene: FaultyLab, name: str, container: dict[str, Any]) -> None:
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    scene.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})


def delete(scene: FaultyLab, name: str) -> None:
    scene.lab.kubectl("-n", NAMESPACE, "delete", "pod", name, "--wait", "--timeout=10s")


@pytest.fixture(scope="module", autouse=True)
def image(shared: FaultyLab) -> None:
    shared.lab.gatelab("images", "add", "test/any:1", "--", "true")


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody has on all addresses."""
    with socket.socket() as listening:
        listening.bind(("0.0.0.0", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_program_that_exits_at_once(scene: FaultyLab) -> None:
    fails = container("sh", "-c", "echo no till here; exit 3", terminationMessagePolicy="FallbackToLogsOnError")
    start(scene, "exits", fails)
    scene.status_says("pod", "exits", "CrashLoopBackOff", '"exitCode": 3', "no till here")
    delete(scene, "exits")


def test_a_program_that_hangs_at_its_start(scene: FaultyLab) -> None:
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    start(scene, "hangs", container("sleep", "600", startupProbe=probe))
    scene.status_says("pod", "hangs", "Startup probe failed", "failed startup probe, will be restarted")
    delete(scene, "hangs")


def test_a_program_that_ignores_sigterm(scene: FaultyLab) -> None:
    start(scene, "stubborn", container("sh", "-c", STUBBORN))
    wait_until(lambda: scene.status("pod", "stubborn").get("phase") == "Running", "it runs")
    pid = int(scene.status("pod", "stubborn")["containerStatuses"][0]["containerID"].removeprefix("process://"))
    began = time.monotonic()
    delete(scene, "stubborn")
    assert time.monotonic() - began >= 1, "it had its grace"
    assert not psutil.pid_exists(pid)


def test_a_program_that_forks_and_leaves_its_session(scene: FaultyLab, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    start(scene, "forks", container(sys.executable, "-S", "-c", FORKS, str(file)))
    wait_until(lambda: file.exists() and bool(file.read_text()), "it has forked")
    pid = int(file.read_text())
    assert psutil.pid_exists(pid)
    delete(scene, "forks")
    assert not psutil.pid_exists(pid)


def test_a_port_that_another_program_has_on_every_address(scene: FaultyLab, taken_port: int) -> None:
    port = str(taken_port)
    start(scene, "taken", container(sys.executable, "-c", BINDS, port, ports=[{"containerPort": taken_port}]))
    cause = f"port {port} is taken on 0.0.0.0 by another process"
    scene.status_says("pod", "taken", cause, f"`ss -ltnp 'sport = :{port}'` shows it", "use another containerPort")
    delete(scene, "taken")


def test_a_program_that_is_not_there(scene: FaultyLab) -> None:
    start(scene, "absent", container("no-such-till"))
    scene.status_says("pod", "absent", "StartError", "no-such-till", "No such file or directory in any folder of PATH")
    delete(scene, "absent")


def test_port_443_is_not_permitted(scene: FaultyLab) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 443:
        pytest.skip("port 443 is permitted to everybody here")
    (gateway,) = json.loads(scene.lab.gatelab("status", "-o", "json").stdout)["gateways"]
    assert [(each["port"], each["bound_port"]) for each in gateway["listeners"]] == [(443, 10443)]
    assert f"{TARGET.partition(':')[0]}" in gateway["hostnames"]
    call = (
        "call",
        "--proto",
        str(EXAMPLE / "greetings.proto"),
        "-d",
        '{"name": "x"}',
        TARGET,
        "greetings.GreetMe/Send",
    )
    assert json.loads(scene.lab.gatelab(*call).stdout) == {"greeting": "Hello x!"}
    assert "10443" in scene.lab.gatelab("status").stdout
