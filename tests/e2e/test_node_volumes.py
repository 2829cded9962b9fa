"""Volumes on a whole lab: what programs see, and what changes under them."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from running_lab import Lab, wait_until

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False).returncode != 0,
        reason="this machine permits no mount namespaces, by which containers see their volumes",
    ),
]

CONFIG = {"kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"app.conf": "one\n", "b": "two\n"}}
SECRET = {"kind": "Secret", "metadata": {"name": "creds"}, "stringData": {"password": "hunter2"}}
WRITER = """
echo shared > /cache/file
cat /etc/gatelab-e2e/app.conf /gatelab-e2e/single.conf
stat -L -c %a /run/gatelab-e2e/password
ls /gatelab-e2e/optional | wc -l
cat /gatelab-e2e/pod/name; echo
touch /etc/gatelab-e2e/x 2> /dev/null || echo read-only
while :; do cat /etc/gatelab-e2e/app.conf /gatelab-e2e/single.conf; sleep 0.1; done
"""
READER = "until cat /elsewhere/file; do sleep 0.05; done; sleep 600"


def container(name: str, script: str, *mounts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "test/any:1", "args": ["-c", script], "volumeMounts": list(mounts), **more}


def mount(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **more}


def pod(name: str, *containers: dict[str, Any], **volumes: dict[str, Any]) -> dict[str, Any]:
    named = [{"name": volume, **source} for volume, source in volumes.items()]
    spec = {"terminationGracePeriodSeconds": 0, "containers": list(containers), "volumes": named}
    return {"kind": "Pod", "metadata": {"name": name}, "spec": spec}


def apply(lab: Lab, state: Path, *objects: dict[str, Any]) -> None:
    images = state / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True, exist_ok=True)
    images.write_text('images: {"test/any:1": {command: ["sh"]}}\n')
    manifest = state / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all([{"apiVersion": "v1", **each} for each in objects]))
    lab.kubectl("apply", "-f", str(manifest))


def test_programs_see_their_volumes_as_in_a_cluster(lab: Lab, state_folder: Path) -> None:
    ready = {"exec": {"command": ["test", "-e", "/etc/gatelab-e2e/app.conf"]}}
    writer = container(
        "writer",
        WRITER,
        mount("app", "/etc/gatelab-e2e"),
        mount("app", "/gatelab-e2e/single.conf", subPath="app.conf"),
        mount("creds", "/run/gatelab-e2e"),
        mount("none", "/gatelab-e2e/optional"),
        mount("facts", "/gatelab-e2e/pod"),
        mount("cache", "/cache"),
        readinessProbe=ready,
    )
    files = pod(
        "files",
        writer,
        container("reader", READER, mount("cache", "/elsewhere")),
        app={"configMap": {"name": "app"}},
        creds={"secret": {"secretName": "creds", "defaultMode": 0o400}},
        none={"configMap": {"name": "none", "optional": True}},
        facts={"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        cache={"emptyDir": {"medium": "Memory"}},
    )
    apply(lab, state_folder, CONFIG, SECRET, files)
    lab.kubectl("wait", "pod/files", "--for=condition=Ready", "--timeout=20s")
    first = lab.kubectl("logs", "files", "-c", "writer").stdout.splitlines()
    assert first[:6] == ["one", "one", "400", "0", "files", "read-only"]
    wait_until(lambda: lab.kubectl("logs", "files", "-c", "reader").stdout == "shared\n", "the other container's file")
    lab.kubectl("patch", "configmap", "app", "--type=merge", "-p", '{"data": {"app.conf": "changed\\n"}}')

    def last() -> list[str]:
        return lab.kubectl("logs", "files", "-c", "writer", "--tail=4").stdout.splitlines()

    wait_until(lambda: "changed" in last(), "the changed file", timeout_s=20)
    assert set(last()) == {"changed", "one"}, "a subPath is what it was when the container started"
    uid = lab.get("pod", "files")["metadata"]["uid"]
    assert [each for each in state_folder.rglob(uid) if "logs" not in each.parts]
    lab.kubectl("delete", "pod", "files")
    wait_until(lambda: not [each for each in state_folder.rglob(uid) if "logs" not in each.parts], "nothing is left")


def test_a_missing_source_is_named_and_the_pod_starts_when_it_comes(lab: Lab, state_folder: Path) -> None:
    waiting = pod("waiting", container("main", "sleep 600", mount("app", "/app")), app={"configMap": {"name": "app"}})
    apply(lab, state_folder, waiting)

    def events() -> str:
        return lab.kubectl("events", "--for=pod/waiting", "--types=Warning").stdout

    wait_until(lambda: "FailedMount" in events(), "the Event")
    assert 'MountVolume.SetUp failed for volume "app" : configmap "app" not found' in events()
    (status,) = lab.get("pod", "waiting")["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == "ContainerCreating"
    apply(lab, state_folder, CONFIG)
    lab.kubectl("wait", "pod/waiting", "--for=condition=Ready", "--timeout=10s")


def test_what_cannot_be_mounted_is_the_containers_error(lab: Lab, state_folder: Path) -> None:
    (state_folder / "file").write_text("")
    source = {"hostPath": {"path": str(state_folder / "file"), "type": "File"}}
    apply(lab, state_folder, pod("wrong", container("main", "true", mount("file", "/usr")), file=source))

    def waiting() -> dict[str, str]:
        statuses = lab.get("pod", "wrong")["status"].get("containerStatuses") or [{"state": {}}]
        found: dict[str, str] = statuses[0]["state"].get("waiting", {})
        return found

    wait_until(lambda: waiting().get("reason") == "CreateContainerError", "the container says why")
    assert waiting()["message"].endswith("at /usr: a file cannot be mounted on what is not a file")
