"""A disk that is full: writes are refused and say why; all else goes on, and so do writes when there is room again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faulty_lab import NAMESPACE, FaultyLab, faulty_lab, mounting, of_lab, why_not_mounting
from running_lab import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
DISK_BYTES = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def shared(module_folder: Path) -> Iterator[FaultyLab]:
    """A lab whose state folder is a disk of its own, in a mount namespace of its own."""
    if why := why_not_mounting():
        pytest.skip(why)
    home = module_folder / "gatelab"
    home.mkdir()
    wrapper = mounting(home, f'mount -t tmpfs -o size={DISK_BYTES},mode=700 none "$0"')
    with faulty_lab(module_folder, wrapper=wrapper, has_mounts=True) as running:
        yield running


def config_map(name: str, data: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "data": {"x": data}}


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    stuffing = disk / "stuffing"
    with stuffing.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return stuffing


def processes(scene: FaultyLab) -> set[str]:
    pods = scene.api("GET", "/api/v1/pods").body["items"]
    return {each["containerID"] for pod in pods for each in pod["status"]["containerStatuses"]}


def test_a_full_disk(scene: FaultyLab) -> None:
    assert scene.api("POST", CONFIG_MAPS, config_map("before")).code == 201
    before = processes(scene)
    version = scene.api("GET", f"{CONFIG_MAPS}/before").body["metadata"]["resourceVersion"]
    stuffing = fill(of_lab(scene.lab, scene.folder / "gatelab"))
    refused = scene.api("POST", CONFIG_MAPS, config_map("refused", "x" * 500_000))
    assert (refused.code, refused.body["reason"]) == (500, "InternalError")
    assert refused.body["message"] == (
        "the write is not on disk and was taken back: database or disk is full; free some space and try again"
    )
    refused = scene.api("PUT", f"{CONFIG_MAPS}/before", config_map("before", "x" * 500_000))
    assert refused.code == 500
    # What is there is read, and nothing of what was refused.
    assert [each["metadata"]["name"] for each in listed(scene)] == ["before", "kube-root-ca.crt"]
    assert scene.api("GET", f"{CONFIG_MAPS}/before").body["metadata"]["resourceVersion"] == version
    scene.caller.check()
    assert processes(scene) == before
    stuffing.unlink()
    wait_until(lambda: scene.api("POST", CONFIG_MAPS, config_map("after", "x" * 500_000)).code == 201, "room again")
    assert [each["metadata"]["name"] for each in listed(scene)] == ["after", "before", "kube-root-ca.crt"]
    assert processes(scene) == before


def listed(scene: FaultyLab) -> list[Any]:
    answer = scene.api("GET", CONFIG_MAPS)
    assert answer.code == 200
    return list(answer.body["items"])


def test_the_control_plane_dies_while_the_disk_is_full(scene: FaultyLab) -> None:
    scene.api("POST", CONFIG_MAPS, config_map("kept"))
    before = processes(scene)
    stuffing = fill(of_lab(scene.lab, scene.folder / "gatelab"))
    process = scene.process("gatelab.controlplane")
    process.kill()
    wait_until(lambda: not process.is_running() or process.status() == "zombie", "it is gone")
    wait_until(lambda: answers(scene), "it is back, with everything", timeout_s=30)
    assert scene.api("POST", CONFIG_MAPS, config_map("refused", "x" * 500_000)).code == 500
    stuffing.unlink()
    wait_until(lambda: scene.api("POST", CONFIG_MAPS, config_map("later", "x" * 500_000)).code == 201, "room again")
    assert processes(scene) == before


def answers(scene: FaultyLab) -> bool:
    try:
        return scene.api("GET", f"{CONFIG_MAPS}/kept", timeout_s=2).code == 200
    except OSError:
        return False


def test_a_program_that_writes_while_the_disk_is_full(scene: FaultyLab) -> None:
    """Lines are lost, and nothing else; those that come when there is room again are in the log, whole."""
    scene.lab.gatelab("images", "add", "test/clock:1", "--", "sh", "-c", TICKS)
    metadata = {"name": "ticking", "namespace": NAMESPACE}
    containers = [{"name": "c", "image": "test/clock:1"}]
    scene.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}})
    wait_until(lambda: last_tick(scene) > 5, "it ticks")
    stuffing = fill(of_lab(scene.lab, scene.folder / "gatelab"))
    before, stuck = processes(scene), last_tick(scene)
    agent = scene.folder / "up.stderr"
    wait_until(lambda: LOST in agent.read_text().partition("_ticking_")[2], "the agent says so, once")
    scene.caller.check()
    stuffing.unlink()
    wait_until(lambda: last_tick(scene) > stuck + 20, "it is heard again")
    assert processes(scene) == before
    *lines, _ = log(scene).splitlines()
    torn = [each for each in lines if not (each.startswith("tick ") and each.endswith(" tock"))]
    assert len(torn) <= 1, torn


LOST = "is not written: No space left on device; lines are lost"
TICKS = "n=0; while :; do n=$((n + 1)); echo tick $n tock; sleep 0.02; done"


def log(scene: FaultyLab) -> str:
    answer = scene.api("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/ticking/log")
    return str(answer.body) if answer.code == 200 else ""


def last_tick(scene: FaultyLab) -> int:
    lines = [each.split() for each in log(scene).splitlines() if each.endswith("tock")]
    return int(lines[-1][1]) if lines else 0
