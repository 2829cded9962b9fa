"""`gatelab status` on a lab that is well, and on one that is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from running_lab import TARGET, Lab, wait_until

pytestmark = pytest.mark.lab

UNKNOWN_IMAGE = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "unknown", "namespace": "default"},
    "spec": {"containers": [{"name": "c", "image": "shop/till:1"}]},
}


def status(lab: Lab) -> tuple[int, dict[str, Any]]:
    done = lab.gatelab("status", "-o", "json", check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def test_what_runs_where_and_that_all_is_ready(lab: Lab) -> None:
    lab.apply_example()
    wait_until(lambda: status(lab)[0] == 0, "all is ready")
    _, found = status(lab)
    assert found["ready"]
    processes = {each["of"]: each for each in found["processes"]}
    assert processes["agent"]["pid"] == lab.process.pid
    pods = [each for each in found["processes"] if each["of"] == "pod"]
    assert len(pods) == 6
    assert {"hello-grpc", "envoy"} == {each["container"] for each in pods}
    assert {each["pid"] for each in found["processes"]} <= {each.pid for each in lab.processes()}
    assert all(each["memory_bytes"] > 1_000_000 for each in pods)
    (gateway,) = found["gateways"]
    assert gateway["hostnames"] == [TARGET.partition(":")[0]]
    assert gateway["routes"] == ["hello-grpc/hello-grpc"]
    listener = gateway["listeners"][0]
    assert listener["bound_port"] - listener["port"] == found["privileged_shift"]
    assert "All is ready." in lab.gatelab("status").stdout


def test_what_is_not_ready_is_named_until_it_is(lab: Lab, state_folder: Path) -> None:
    manifest = state_folder / "pod.json"
    manifest.write_text(json.dumps(UNKNOWN_IMAGE))
    lab.kubectl("apply", "-f", str(manifest))
    wait_until(lambda: "ErrImagePull" in json.dumps(status(lab)[1]["problems"]), "the image is unknown")
    code, found = status(lab)
    assert (code, found["ready"]) == (1, False)
    (problem,) = found["problems"]
    assert problem["object"] == "Pod default/unknown"
    assert "gatelab images add" in problem["message"]
    shown = lab.gatelab("status", check=False)
    assert f"GATELAB_NAME={lab.name} gatelab kubectl -n default describe pod unknown" in shown.stdout

    images = state_folder / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True)
    images.write_text("images: [")
    assert "images.yaml" in {each["object"] for each in status(lab)[1]["problems"]}
    images.unlink()
    lab.gatelab("images", "add", "shop/till:1", "--", "sleep", "1000")
    lab.kubectl("delete", "pod", "unknown", "--wait")
    lab.kubectl("apply", "-f", str(manifest))
    wait_until(lambda: status(lab)[0] == 0, "the program runs")
