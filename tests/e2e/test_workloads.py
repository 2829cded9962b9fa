"""A StatefulSet behind a headless Service and a DaemonSet, with real processes, names and kubectl."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dns import message, query, rdatatype

from running_lab import Lab, wait_until

pytestmark = pytest.mark.lab

IMAGE = "bittrance/hello-world:tonic-hello-grpc"
ZONE = "hello.default.svc.cluster.local"
HASH = "controller-revision-hash"
NAMES = ["hello-0", "hello-1", "hello-2"]


def template(app: str) -> dict[str, Any]:
    container = {
        "name": "hello",
        "image": IMAGE,
        "ports": [{"name": "grpc", "containerPort": 8080}],
        "readinessProbe": {"grpc": {"port": 8080}, "periodSeconds": 1},
    }
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}}


def owner(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    selected = {"selector": {"matchLabels": {"app": name}}, "template": template(name)}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {**selected, **spec},
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "hello", "namespace": "default"},
    "spec": {"clusterIP": "None", "selector": {"app": "hello"}, "ports": [{"name": "grpc", "port": 8080}]},
}
OBJECTS = [SERVICE, owner("StatefulSet", "hello", replicas=3, serviceName="hello"), owner("DaemonSet", "agent")]


def asked(lab: Lab, name: str, type_: str = "A") -> list[str]:
    host, _, port = lab.facts["dns"].partition(":")
    response = query.udp(message.make_query(name, type_), host, port=int(port), timeout=30)
    wanted = rdatatype.from_text(type_)
    return sorted(str(each) for rrset in response.answer if rrset.rdtype == wanted for each in rrset)


def pods(lab: Lab, app: str) -> dict[str, Any]:
    found = lab.get("pods", "-l", f"app={app}")["items"]
    return {each["metadata"]["name"]: each for each in found}


def revisions(lab: Lab) -> list[str]:
    return [each["metadata"]["labels"][HASH] for _, each in sorted(pods(lab, "hello").items())]


def roll_out(lab: Lab, name: str) -> None:
    lab.kubectl("rollout", "status", name, "--timeout=30s")


def test_sets_run_have_names_and_are_rolled_out_and_back(lab: Lab, state_folder: Path) -> None:
    manifest = state_folder / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all(OBJECTS))
    lab.kubectl("apply", "-f", str(manifest))
    roll_out(lab, "sts/hello")
    roll_out(lab, "ds/agent")
    assert list(pods(lab, "hello")) == NAMES
    _names_follow(lab)
    first = revisions(lab)[0]

    lab.kubectl("patch", "sts", "hello", "-p", '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}')
    lab.kubectl("set", "env", "sts/hello", "COLOUR=green")
    roll_out(lab, "sts/hello")
    assert [each == first for each in revisions(lab)] == [True, True, False]
    _names_follow(lab)

    lab.kubectl("rollout", "undo", "sts/hello")
    roll_out(lab, "sts/hello")
    assert revisions(lab) == [first] * 3

    (agent,) = pods(lab, "agent")
    lab.kubectl("rollout", "restart", "ds/agent")
    roll_out(lab, "ds/agent")
    assert agent not in pods(lab, "agent")

    lab.kubectl("delete", "-f", str(manifest), "--timeout=30s")
    wait_until(lambda: not pods(lab, "hello") and not pods(lab, "agent"), "the pods are gone")
    wait_until(lambda: not asked(lab, ZONE), "the names are gone")


def _names_follow(lab: Lab) -> None:
    addresses = {name: pod["status"]["podIP"] for name, pod in pods(lab, "hello").items()}
    wait_until(lambda: asked(lab, ZONE) == sorted(addresses.values()), "the Service has its pods' addresses")
    assert [asked(lab, f"{name}.{ZONE}") for name in NAMES] == [[addresses[name]] for name in NAMES]
    assert asked(lab, f"_grpc._tcp.{ZONE}", "SRV") == [f"0 100 8080 {name}.{ZONE}." for name in NAMES]
