"""The wall clock of the agent and the control plane is set forward and back: nothing ends, restarts or expires by it.

What is measured in seconds - probes, grace periods, back-off, leases of addresses - goes by the monotonic clock; what
is a date - the end of a certificate, the age of an Event - by the wall clock.
"""

import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faulty_lab import NAMESPACE, FaultyLab, faulty_lab
from running_lab import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

HOUR_S = 3600
STEPS = [HOUR_S, -HOUR_S, 2 * HOUR_S, -2 * HOUR_S]
"""Where the clock is set to, from the true time."""


@pytest.fixture(scope="module")
def clock(module_folder: Path) -> Path:
    """The file that says how many seconds the lab's clock is ahead; beside it the library that reads it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) to build the library that steps clocks")
    source = Path(__file__).with_name("stepped_clock.c")
    library = module_folder / "stepped_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    file = module_folder / "clock"
    file.write_bytes(struct.pack("=q", 0))
    return file


@pytest.fixture(scope="module")
def shared(module_folder: Path, clock: Path) -> Iterator[FaultyLab]:
    """A lab whose agent, keeper and control plane have a clock of their own; pods have the machine's."""
    library = clock.with_name("stepped_clock.so")
    wrapper = ["env", f"STEPPED_CLOCK={clock}", f"LD_PRELOAD={library}"]
    with faulty_lab(module_folder, wrapper=wrapper) as running:
        running.lab.gatelab("images", "add", "test/sleep:1", "--", "sleep", "600")
        yield running


def step(clock: Path, seconds: int) -> None:
    with clock.open("r+b", buffering=0) as file:
        file.write(struct.pack("=q", seconds))


def lives(scene: FaultyLab) -> dict[str, tuple[str, str, int]]:
    """Of every pod that the example has: which object, which process, how many starts."""
    pods = scene.api("GET", "/api/v1/namespaces/hello-grpc/pods").body["items"]
    found = {}
    for pod in pods:
        status = pod["status"]["containerStatuses"][0]
        assert status["ready"], pod["metadata"]["name"]
        found[pod["metadata"]["name"]] = (pod["metadata"]["uid"], status["containerID"], status["restartCount"])
    return found


def certificate(scene: FaultyLab) -> Any:
    path = "/apis/cert-manager.io/v1/namespaces/hello-grpc/certificates/hello-grpc"
    return scene.api("GET", path).body["status"]["revision"]


def events(scene: FaultyLab) -> set[str]:
    items = scene.api("GET", "/api/v1/namespaces/hello-grpc/events").body["items"]
    return {each["metadata"]["name"] for each in items}


def test_the_lab_has_the_clock_of_the_test(scene: FaultyLab, clock: Path) -> None:
    step(clock, HOUR_S)
    made = scene.api("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": {"name": "dated"}}).body
    step(clock, 0)
    stamp = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + HOUR_S))
    assert made["metadata"]["creationTimestamp"].startswith(stamp)


@pytest.mark.parametrize("seconds", STEPS)
def test_a_step_ends_and_restarts_nothing(scene: FaultyLab, clock: Path, seconds: int) -> None:
    before, revision, seen = lives(scene), certificate(scene), events(scene)
    step(clock, seconds)
    try:
        name = f"during-{abs(seconds)}-{'later' if seconds > 0 else 'earlier'}"
        live_and_die(scene, name)
        scene.caller.check()
        assert lives(scene) == before
        assert certificate(scene) == revision
        assert events(scene) >= seen
    finally:
        step(clock, 0)


def live_and_die(scene: FaultyLab, name: str) -> None:
    """A pod with probes starts, is ready, and ends within its grace period, whatever the clock says."""
    probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    container = {"name": "c", "image": "test/sleep:1", "startupProbe": probe, "livenessProbe": probe}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 5}
    started = time.monotonic()
    scene.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})
    wait_until(lambda: is_ready(scene, name), "it is ready")
    scene.lab.kubectl("-n", NAMESPACE, "delete", "pod", name, "--wait", "--timeout=40s")
    assert time.monotonic() - started < 60


def is_ready(scene: FaultyLab, name: str) -> bool:
    conditions = scene.status("pod", name).get("conditions") or ()
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)


def test_the_control_plane_restarts_while_its_clock_is_set_back(scene: FaultyLab, clock: Path) -> None:
    """Certificates of the lab's own are from before the step; versions do not go back; the agent finds it again."""
    before, revision = lives(scene), certificate(scene)
    made = scene.api("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": {"name": "before"}}).body
    step(clock, -HOUR_S)
    try:
        process = scene.process("gatelab.controlplane")
        process.kill()
        wait_until(lambda: is_back(scene), "the API is back")
        live_and_die(scene, "after-restart")
        after = scene.api("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": {"name": "after"}}).body
        assert int(after["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
        assert (lives(scene), certificate(scene)) == (before, revision)
    finally:
        step(clock, 0)


def is_back(scene: FaultyLab) -> bool:
    try:
        return scene.api("GET", "/readyz", timeout_s=2).code == 200
    except OSError:
        return False


def test_a_rollout_with_min_ready_seconds_ends_though_the_clock_is_set_back(scene: FaultyLab, clock: Path) -> None:
    metadata = {"name": "careful", "namespace": NAMESPACE}
    labels = {"app": "careful"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "test/sleep:1"}], "terminationGracePeriodSeconds": 1},
    }
    spec = {"replicas": 1, "minReadySeconds": 2, "selector": {"matchLabels": labels}, "template": template}
    scene.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    wait_until(lambda: scene.status("deployment", "careful").get("readyReplicas") == 1, "it is ready")
    step(clock, -HOUR_S)
    try:
        wait_until(lambda: scene.status("deployment", "careful").get("availableReplicas") == 1, "it is available")
    finally:
        step(clock, 0)
