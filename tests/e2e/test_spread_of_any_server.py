"""The spread as the Gateway's Envoys have it: of servers that name their pod, and of servers that do not."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from running_lab import EXAMPLE, ROOT, Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(150)]
MANIFESTS = Path(__file__).with_name("any_server.yaml")
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"


def experiment_file(folder: Path) -> Path:
    content: dict[str, Any] = {
        "experiment": "any-server",
        "target": "front-gatelab.default.test:8080",
        "service": "default/stable:3000",
        "proto": str(ROOT / "src" / "gatelab" / "backends" / "echo" / "echo.proto"),
        "import_paths": [str(ROOT / "src" / "gatelab" / "backends" / "echo")],
        "call": "gatelab.echo.v1.Echo/Unary",
        "data": {"message": "hi"},
        "tls": "off",
        "load": {"rps": 200, "duration": "5s"},
        "expect": {"spread": "50%", "l4_pinned": False},
    }
    file = folder / "experiment.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def test_envoys_count_what_the_servers_say(lab: Lab) -> None:
    lab.apply_example()
    run = ["experiment", "run", str(EXAMPLE / "experiment.yaml"), "--rps", "400", "--duration", "1s"]
    ran = lab.gatelab(*run, "--connections", "3", "--format", "json", timeout_s=90, check=False)
    report = json.loads(ran.stdout)
    l7 = report["l7"]
    assert (l7["counting"]["source"], l7["counting"]["envoys"], l7["counting"]["unattributed"]) == ("envoy", 1, 0)
    assert l7["pods"] == l7["counting"]["metadata"]
    assert sum(l7["pods"].values()) == l7["requests"] == 400
    assert report["direct"]["counting"]["source"] == report["l4"]["counting"]["source"] == "metadata"
    assert l7["spread"]["max_minus_min"] <= report["prediction"]["most_max_minus_min"] <= 3
    assert report["weights"] is None


def test_a_pod_that_is_removed_under_load_keeps_its_count(lab: Lab, tmp_path: Path) -> None:
    lab.kubectl("apply", "-f", str(MANIFESTS))
    for name in ("stable", "canary"):
        lab.kubectl("rollout", "status", f"deployment/{name}", "--timeout=30s")
    lab.kubectl("wait", "gateway/front", "--for=condition=Programmed", "--timeout=30s")
    (envoy,) = lab.get("pods", "-l", f"{GATEWAY_NAME}=front")["items"]
    before = {each["metadata"]["name"] for each in lab.get("pods", "-l", "app=echo")["items"]}

    running = lab.popen("experiment", "run", str(experiment_file(tmp_path)), "--format", "json")
    counters = f"/api/v1/namespaces/default/pods/{envoy['metadata']['name']}:19001/proxy/stats/prometheus"
    wait_until(lambda: sent(lab.kubectl("get", "--raw", counters).stdout) > 100, "the Gateway has its first turn")
    lab.kubectl("scale", "deployment/stable", "--replicas=2")
    written, said = running.communicate(timeout=90)

    report = json.loads(written or said)
    l7 = report["l7"]
    assert (l7["counting"]["source"], l7["counting"]["metadata"], l7["statuses"]) == ("envoy", {}, {"OK": 1000})
    assert l7["pods"].keys() == before
    assert all(l7["pods"].values())
    assert l7["counting"]["unattributed"] == 0
    assert sum(l7["pods"].values()) == pytest.approx(1000, rel=0.02)
    (gone,) = before - {each["metadata"]["name"] for each in lab.get("pods", "-l", "app=echo")["items"]}
    assert f"1 pods left during the load: {gone}" in l7["notes"]
    shares = {each["backend"]: each["expected"] for each in report["weights"]["backends"]}
    assert shares == {"default/stable:3000": 0.75, "default/canary:3000": 0.25}
    assert report["weights"]["test"]["result"] != "fail"
    assert report["direct"]["counting"]["source"] == "target"
    assert report["l4"]["counting"]["source"] == "none"


def sent(statistics: str) -> int:
    """To the stable backend."""
    lines = [line for line in statistics.splitlines() if line.startswith("envoy_cluster_upstream_rq_total{")]
    return sum(int(line.rpartition(" ")[2]) for line in lines if '"default/stable_3000"' in line)
