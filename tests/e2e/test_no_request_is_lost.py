"""Changes and deaths under 200 requests a second: none of them costs a request."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from running_lab import EXAMPLE, GATELAB, TARGET, Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
HELLO = ("-n", "hello-grpc")


@contextmanager
def load(lab: Lab, result: dict[str, Any]) -> Iterator[None]:
    """200 requests a second from before the body to after it; the report goes into `result`."""
    before = requests_served(lab)
    running = lab.popen(
        *("load", "--proto", str(EXAMPLE / "greetings.proto"), "--call", "greetings.GreetMe/Send"),
        *("-d", '{"name": "x", "delay_ms": 1}', "--rps", "200", "--duration", "150s", "--connections", "4"),
        *("-O", "json", TARGET),
    )
    try:
        wait_until(lambda: requests_served(lab) > before + 100, "the load is under way")
        yield
        after = requests_served(lab)
        wait_until(lambda: requests_served(lab) > after + 100, "the load has gone on")
    finally:
        running.send_signal(signal.SIGINT)
        printed, errors = running.communicate(timeout=30)
    assert printed, errors
    result.update(json.loads(printed))


def requests_served(lab: Lab) -> int:
    """What the Gateway's Envoy counts, through the API's pods/proxy."""
    pods = lab.get(*HELLO, "pods", "-l", "gateway.networking.k8s.io/gateway-name=hello-grpc")["items"]
    path = f"/api/v1/namespaces/hello-grpc/pods/{pods[0]['metadata']['name']}:19001/proxy/stats/prometheus"
    stats = lab.kubectl("get", "--raw", path).stdout
    counters = re.findall(r"^envoy_http_downstream_rq_total{[^}]*} (\d+)$", stats, flags=re.MULTILINE)
    assert counters, stats
    return sum(map(int, counters))


def assert_nothing_lost(result: dict[str, Any]) -> None:
    """But what was out when the test had seen enough and interrupted it."""
    lost = set(result["statusCodeDistribution"]) - {"OK", "Canceled"}
    interrupted = [text for text in result["errorDistribution"] if text.endswith("was interrupted before the answer")]
    assert (lost, list(result["errorDistribution"])) == (set(), interrupted)
    assert result["count"] > 200


def test_scaling_a_rolling_update_and_a_renewal(lab: Lab) -> None:
    lab.apply_example()
    result: dict[str, Any] = {}
    with load(lab, result):
        for replicas in (2, 8):
            lab.kubectl(*HELLO, "scale", "deployment/hello-grpc", f"--replicas={replicas}")
            lab.kubectl(*HELLO, "rollout", "status", "deployment/hello-grpc", "--timeout=30s")
            wait_until(lambda n=replicas: len(ready_pods(lab)) == n, f"{replicas} pods", timeout_s=30)  # type: ignore[misc]
        old = set(ready_pods(lab))
        lab.kubectl(*HELLO, "set", "env", "deployment/hello-grpc", "HELLO_GRPC_DEBUG=")
        lab.kubectl(*HELLO, "rollout", "status", "deployment/hello-grpc", "--timeout=60s")
        renew_certificate(lab)
    assert_nothing_lost(result)
    assert set(ready_pods(lab)).isdisjoint(old)


def test_the_control_plane_is_killed(lab: Lab) -> None:
    lab.apply_example()
    before = lab.kubectl("get", "gateway,grpcroute,deploy,svc,pods", "-A", "-o", "name").stdout
    result: dict[str, Any] = {}
    with load(lab, result):
        control_plane = next(each for each in lab.processes() if "gatelab.controlplane" in " ".join(each.cmdline()))
        control_plane.kill()
        wait_until(
            lambda: lab.kubectl("get", "--raw", "/readyz", check=False).returncode == 0, "API is back", timeout_s=30
        )
        # What it does afterwards shows that its controllers and its xDS are back too.
        lab.kubectl(*HELLO, "scale", "deployment/hello-grpc", "--replicas=6")
        wait_until(lambda: len(ready_pods(lab)) == 6, "six pods after the restart")
    assert_nothing_lost(result)
    after = lab.kubectl("get", "gateway,grpcroute,deploy,svc,pods", "-A", "-o", "name").stdout
    assert set(before.split()) <= set(after.split())


def test_nothing_outlives_the_agent(lab: Lab) -> None:
    lab.apply_example()
    processes = lab.processes()
    assert len(processes) >= 9
    lab.process.kill()
    lab.process.wait(5)
    wait_until(lambda: not any(is_alive(each) for each in processes), "every process of the lab is gone")


def is_alive(process: psutil.Process) -> bool:
    """A zombie is dead; where nobody reaps orphans (a container without an init) it stays visible."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ready_pods(lab: Lab) -> list[str]:
    pods = lab.get(*HELLO, "pods", "-l", "app.kubernetes.io/name=hello-grpc")["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))
    ]


def renew_certificate(lab: Lab) -> None:
    """As cert-manager's `cmctl renew` does: condition Issuing is set to True."""
    certificate = lab.get(*HELLO, "certificate", "hello-grpc")
    revision = certificate["status"]["revision"]
    now = certificate["status"]["notBefore"]
    issuing = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": now}
    conditions = [*certificate["status"]["conditions"], {**issuing, "message": "renewed by hand"}]
    lab.kubectl(
        *(*HELLO, "patch", "certificate", "hello-grpc", "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": {"conditions": conditions}})),
    )
    wait_until(
        lambda: lab.get(*HELLO, "certificate", "hello-grpc")["status"]["revision"] == revision + 1, "the next revision"
    )


def test_the_lab_remembers(lab: Lab) -> None:
    """What was acknowledged is there after `gatelab down` and `gatelab up`."""
    lab.apply_example()
    uid = lab.get(*HELLO, "gateway", "hello-grpc")["metadata"]["uid"]
    lab.gatelab("down", "--name", lab.name)
    assert lab.process.wait(10) == 0
    again = subprocess.run(
        [*GATELAB, "up", "--name", lab.name, "--detach"],
        env=lab.environment,
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    try:
        assert lab.get(*HELLO, "gateway", "hello-grpc")["metadata"]["uid"] == uid
        wait_until(lambda: len(ready_pods(lab)) == 5, "five pods again")
        called = lab.gatelab(
            "call",
            "--proto",
            str(EXAMPLE / "greetings.proto"),
            "-d",
            '{"name": "x", "delay_ms": 1}',
            TARGET,
            "greetings.GreetMe/Send",
        )
        assert json.loads(called.stdout) == {"greeting": "Hello x!"}
    finally:
        lab.gatelab("down", "--name", lab.name)
