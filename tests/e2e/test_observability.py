"""Metrics, logs and the support bundle of a lab: what they say, and what they keep to themselves."""

import base64
import json
import re
import signal
import sys
from pathlib import Path

import psutil
import pytest

from bundles import found_in, opened
from exposition import family_names, problems, total
from running_lab import ROOT, Lab, start_lab, stop_lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.envoy, pytest.mark.timeout(120)]

PASSWORD = 'a "quoted" pass\\word of the e2e lab'
AGENT = "/api/v1/nodes/gatelab/proxy/metrics"
MANIFEST = f"""
apiVersion: v1
kind: Secret
metadata: {{name: db}}
stringData: {{password: {json.dumps(PASSWORD)}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: careless}}
spec:
  restartPolicy: Never
  containers:
    - name: c
      image: careless:1
      env: [{{name: DB, valueFrom: {{secretKeyRef: {{name: db, key: password}}}}}}]
"""

IMPATIENT = """
from gatelab.cli import lab_objects, main
from gatelab.cli.debug import lab, objects
objects.TIMEOUT_S = lab_objects.TIMEOUT_S = lab._TIMEOUT_S = 0.5
main.main()
"""
"""gatelab, which waits for what does not answer a tenth of the time: all that is in vain in a bundle is waited for."""


def documented() -> set[str]:
    """The names in the tables of docs/observability.md."""
    page = (ROOT / "docs" / "observability.md").read_text()
    return set(re.findall(r"^\| `([a-z_]+)`", page, flags=re.MULTILINE))


def raw(lab: Lab, path: str) -> str:
    return lab.kubectl("get", "--raw", path).stdout


def secrets_of(lab: Lab, state: Path) -> list[str]:
    """Everything that must not be told: the token, the keys, and all data of Secrets."""
    folder = state / "gatelab" / lab.name
    data = [value for each in lab.get("secrets", "-A")["items"] for value in (each.get("data") or {}).values()]
    keys = [(folder / "tls" / name).read_text() for name in ("ca.key", "api.key")]
    return [(folder / "token").read_text(), *keys, *(base64.b64decode(each).decode() for each in data)]


def test_metrics_of_both_processes_move_and_are_all_documented(lab: Lab) -> None:
    before = raw(lab, "/metrics")
    lab.apply_example()
    said, agent = raw(lab, "/metrics"), raw(lab, AGENT)
    assert problems(said) == []
    assert problems(agent) == []
    assert family_names(said) | family_names(agent) == documented()
    assert total(said, "apiserver_request_total", verb="POST", resource="gateways", code="201") == 1
    assert total(said, "apiserver_longrunning_requests", verb="WATCH", resource="pods") >= 1
    assert total(said, "apiserver_storage_objects", resource="grpcroutes.gateway.networking.k8s.io") == 1
    assert total(said, "workqueue_adds_total") > total(before, "workqueue_adds_total")
    assert total(said, "gatelab_journal_commit_duration_seconds_count") > total(
        before, "gatelab_journal_commit_duration_seconds_count"
    )
    assert total(said, "gatelab_xds_connected_envoys") == 1
    assert total(said, "gatelab_xds_acks_total", type="listener") >= 1
    assert total(said, "gatelab_gateway_routes", kind="GRPCRoute") == 1
    assert total(said, "gatelab_gateway_translation_duration_seconds_count") >= 1
    assert total(agent, "kubelet_running_pods") == 6
    assert total(agent, "kubelet_pod_start_duration_seconds_count") == 6
    assert total(agent, "prober_probe_total", result="successful") >= 5
    assert total(agent, "gatelab_process_cpu_seconds_total", process="control-plane") > 0


def test_a_control_plane_that_was_killed_shows_in_the_metrics_of_the_agent(lab: Lab) -> None:
    processes = json.loads(lab.gatelab("status", "-o", "json", check=False).stdout)["processes"]
    pid = next(each["pid"] for each in processes if each["of"] == "control-plane")
    psutil.Process(pid).send_signal(signal.SIGKILL)
    wait_until(lambda: lab.kubectl("get", "--raw", "/readyz", check=False).returncode == 0, "the control plane is back")
    assert total(raw(lab, AGENT), "gatelab_process_starts_total", process="control-plane") == 2


def test_no_secret_is_in_any_log_or_in_the_bundle(state_folder: Path) -> None:
    config = state_folder / "config" / "gatelab"
    config.mkdir(parents=True)
    lab = start_lab(state_folder, options=("--log-level", "debug"))
    try:
        lab.gatelab("images", "add", "careless:1", "--", "sh", "-c", "echo I was given $DB")
        manifest = state_folder / "careless.yaml"
        manifest.write_text(MANIFEST)
        lab.apply_example()
        lab.kubectl("apply", "-f", str(manifest))
        lab.kubectl("wait", "pod/careless", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=20s")
        lab.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/careless/exec", check=False)
        secrets = secrets_of(lab, state_folder)
        logs = {str(each): each.read_text() for each in (state_folder / "gatelab").rglob("*.log")}
        own = {path: text for path, text in logs.items() if "/pods/" not in path}
        assert len(own) >= 3
        assert found_in(own, secrets) == []
        assert any(PASSWORD in text for text in logs.values()), "the pod has told it, which is the pod's affair"

        file = state_folder / "bundle.tar.gz"
        lab.gatelab("debug", "--out", str(file))
        files = opened(file)
        assert found_in(files, secrets) == []
        assert any("I was given [redacted]" in text for text in files.values())
        for part in ("machine/versions.json", "lab/status.json", "metrics/agent.txt", "metrics/control-plane.txt"):
            assert part in files
        assert any(path.startswith("envoys/envoy-") and path.endswith("config_dump.json") for path in files)
        assert "objects/events.yaml" in files
        assert "note:" not in files["README.txt"]
    finally:
        stop_lab(lab)


def test_the_bundle_of_a_lab_whose_control_plane_hangs(lab: Lab, state_folder: Path) -> None:
    processes = json.loads(lab.gatelab("status", "-o", "json", check=False).stdout)["processes"]
    stopped = psutil.Process(next(each["pid"] for each in processes if each["of"] == "control-plane"))
    stopped.suspend()
    try:
        file = state_folder / "bundle.tar.gz"
        lab.run(sys.executable, "-c", IMPATIENT, "debug", "--out", str(file))
    finally:
        stopped.resume()
    files = opened(file)
    assert "note: objects: the API does not answer" in files["README.txt"]
    assert "objects/namespaces.yaml" in files, "of the journal"
    assert "metrics/agent.txt" in files
    assert "metrics/control-plane.txt" not in files


def test_logs_of_the_agent_and_the_control_plane_are_json(lab: Lab, state_folder: Path) -> None:
    folder = state_folder / "gatelab" / lab.name / "logs"
    for name in ("agent.log", "controlplane.log"):
        lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        assert all(each.keys() >= {"time", "level", "logger", "message"} for each in lines)
    shown = [json.loads(line) for line in lab.gatelab("logs", "control-plane", "-o", "json").stdout.splitlines()]
    assert any(each["logger"] == "gatelab.dns.server" and each["level"] == "info" for each in shown)
    assert "control-plane | INFO gatelab.dns.server: DNS on" in lab.gatelab("logs", "control-plane").stdout
