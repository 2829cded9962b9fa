"""`gatelab status`: what is not as it should be, and how it is told."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from gatelab.cli.main import main
from gatelab.cli.status.findings import Finder
from gatelab.cli.status.output import text_of
from gatelab.cli.status.report import GatewayReport, ListenerReport, Problem, Process, ServiceReport, StatusReport
from gatelab.cli.status.run import gateway_reports, service_reports
from gatelab.kinds.builtin import CERTIFICATE, DAEMON_SET, DEPLOYMENT, GATEWAY, GRPC_ROUTE, LISTENER_SET, POD, SERVICE
from gatelab.kinds.kind import Kind
from gatelab.kinds.lab import SERVED_BY
from gatelab.node.claims import lock
from gatelab.node.place import LabPlace


def obj(name: str = "a", *, spec: Any = None, **status: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name, "uid": name}, "spec": spec or {}, "status": status}


def condition(type_: str, status: str, reason: str = "Why", message: str = "because") -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def waiting(reason: str) -> list[dict[str, Any]]:
    return [{"name": "c", "state": {"waiting": {"reason": reason, "message": "because"}}}]


PARENT = {"parentRef": {"name": "edge"}, "conditions": [condition("ResolvedRefs", "False", "BackendNotFound")]}


@pytest.mark.parametrize(
    ("kind", "status", "spec", "what"),
    [
        (GATEWAY, {"conditions": [condition("Programmed", "False")]}, {}, "Programmed is False (Why)"),
        (GATEWAY, {"conditions": [condition("Accepted", "Unknown")]}, {}, "Accepted is Unknown (Why)"),
        (GATEWAY, {}, {}, "nobody has looked at it"),
        (
            GATEWAY,
            {
                "conditions": [condition("Accepted", "True")],
                "listeners": [{"name": "https", "conditions": [condition("ResolvedRefs", "False")]}],
            },
            {},
            "listener https: ResolvedRefs is False (Why)",
        ),
        (LISTENER_SET, {}, {}, "nobody has looked at it"),
        (
            LISTENER_SET,
            {"listeners": [{"name": "l", "conditions": [condition("Conflicted", "True", "HostnameConflict")]}]}
            | {"conditions": [condition("Accepted", "True")]},
            {},
            "listener l: Conflicted is True (HostnameConflict)",
        ),
        (GRPC_ROUTE, {"parents": [PARENT]}, {}, "at edge: ResolvedRefs is False (BackendNotFound)"),
        (GRPC_ROUTE, {}, {}, "no Gateway has looked at it"),
        (CERTIFICATE, {"conditions": [condition("Ready", "False", "Pending")]}, {}, "Ready is False (Pending)"),
        (DEPLOYMENT, {"readyReplicas": 1}, {"replicas": 5}, "1 of 5 pods are ready"),
        (DAEMON_SET, {"desiredNumberScheduled": 1}, {}, "0 of 1 pods are ready"),
        (POD, {"containerStatuses": waiting("ErrImagePull")}, {}, "container c waits (ErrImagePull)"),
        (POD, {"initContainerStatuses": waiting("CrashLoopBackOff")}, {}, "container c waits (CrashLoopBackOff)"),
        (POD, {"phase": "Failed", "reason": "NodeCannotRunPod"}, {}, "failed (NodeCannotRunPod)"),
        (
            POD,
            {"phase": "Running", "conditions": [condition("Ready", "False", "ContainersNotReady")]},
            {},
            "is not ready (ContainersNotReady)",
        ),
    ],
)
def test_what_is_not_ready_is_found_with_the_command_that_says_more(
    kind: Kind, status: dict[str, Any], spec: dict[str, Any], what: str
) -> None:
    (problem,) = Finder("GATELAB_NAME=x gatelab").find({kind: [obj(spec=spec, **status)]})
    assert (problem.object, problem.what) == (f"{kind.name} shop/a", what)
    assert problem.look == f"GATELAB_NAME=x gatelab kubectl -n shop describe {kind.singular} a"


@pytest.mark.parametrize(
    ("kind", "status", "spec"),
    [
        (GATEWAY, {"conditions": [condition("Programmed", "True"), condition("Conflicted", "False")]}, {}),
        (GRPC_ROUTE, {"parents": [{"parentRef": {"name": "e"}, "conditions": [condition("Accepted", "True")]}]}, {}),
        (DEPLOYMENT, {}, {"replicas": 0}),
        (DEPLOYMENT, {"readyReplicas": 1}, {}),
        (POD, {"phase": "Succeeded", "conditions": [condition("Ready", "False")]}, {}),
    ],
)
def test_what_is_well_is_no_problem(kind: Kind, status: dict[str, Any], spec: dict[str, Any]) -> None:
    assert Finder().find({kind: [obj(spec=spec, **status)]}) == []


def test_what_is_being_deleted_is_no_problem() -> None:
    going = obj(phase="Failed")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert Finder().find({POD: [going]}) == []


def test_a_listener_is_shown_with_the_port_that_it_has() -> None:
    spec = {"gatewayClassName": "cilium", "listeners": [{"name": "https", "protocol": "HTTPS", "port": 443}]}
    gateway = obj(
        "edge", spec=spec, addresses=[{"value": "127.70.128.1"}], listeners=[{"name": "https", "attachedRoutes": 2}]
    )
    service = obj(
        "s", spec={"ports": [{"port": 443, "targetPort": 10443}]}, loadBalancer={"ingress": [{"ip": "127.70.128.1"}]}
    )
    service["metadata"]["annotations"] = {SERVED_BY: "pod"}
    (report,) = gateway_reports({GATEWAY: [gateway], SERVICE: [service]})
    assert report.addresses == ("127.70.128.1",)
    assert report.listeners == (ListenerReport("https", "HTTPS", 443, 10443, "", 2),)
    (shown,) = service_reports({SERVICE: [service]})
    assert (shown.name, shown.external, shown.ports) == ("shop/s", ("127.70.128.1",), ("443/TCP",))


def test_listeners_of_sets_are_shown_with_those_of_their_gateway() -> None:
    gateway = obj("edge", spec={"listeners": [{"name": "l", "protocol": "HTTP", "port": 80}]})
    spec = {"parentRef": {"name": "edge"}, "listeners": [{"name": "l", "protocol": "HTTP", "port": 81}]}
    taken = obj("set", spec=spec, conditions=[condition("Accepted", "True")], listeners=[])
    refused = obj("refused", spec=spec, conditions=[condition("Accepted", "False")])
    (report,) = gateway_reports({GATEWAY: [gateway], LISTENER_SET: [taken, refused]})
    assert [(each.name, each.port) for each in report.listeners] == [("l", 80), ("shop/set/l", 81)]


def report(*problems: Problem) -> StatusReport:
    return StatusReport(
        lab="x",
        ready=not problems,
        started_at="2026-01-01T00:00:00Z",
        api="https://127.0.0.1:6443",
        dns="127.70.0.1:53",
        kubeconfig="/s/kubeconfig",
        images="/c/images.yaml",
        state="/s",
        privileged_shift=10000,
        processes=(
            Process("agent", 7, memory_bytes=44_000_000),
            Process("pod", 12, "shop/till-1", "till", "127.70.1.2", 8_400_000, 0.0123),
        ),
        gateways=(
            GatewayReport(
                name="shop/edge",
                class_name="cilium",
                addresses=("127.70.128.1",),
                listeners=(ListenerReport("https", "HTTPS", 443, 10443, "", 1),),
                hostnames=("*.example.test",),
                routes=("shop/till",),
            ),
        ),
        services=(ServiceReport("shop/till", "NodePort", "127.70.64.1", (), ("8080:30000/TCP",)),),
        problems=problems,
    )


GOLDEN = """\
Lab 'x', up since 2026-01-01T00:00:00Z, 2 processes, 52 MB
  API         https://127.0.0.1:6443
  DNS         127.70.0.1:53
  kubeconfig  /s/kubeconfig
  images      /c/images.yaml
  ports below 1024 are not permitted here: what should be at 443 is at 10443

Processes
  agent                  pid 7   44 MB
  pod shop/till-1  till  pid 12  8 MB   12m  127.70.1.2

Gateways
  shop/edge (class cilium) at 127.70.128.1
    listener https: HTTPS 443 -> 10443, any hostname, 1 route
    hostnames: *.example.test
    routes: shop/till

Services
  shop/till  NodePort  127.70.64.1  8080:30000/TCP

"""


def test_the_text_of_a_lab_that_is_well() -> None:
    assert text_of(report()) == GOLDEN + "All is ready."


def test_the_text_of_a_lab_that_is_not() -> None:
    problem = Problem("Gateway shop/edge", "Programmed is False (Why)", "one\ntwo", "gatelab kubectl describe")
    assert text_of(report(problem)) == GOLDEN + (
        "Not ready\n  Gateway shop/edge: Programmed is False (Why): one\n      two\n      gatelab kubectl describe"
    )


def test_a_narrow_terminal_has_what_a_wide_one_has() -> None:
    problem = Problem("Gateway shop/edge", "Programmed is False (Why)", "one " * 20, "gatelab kubectl describe")
    shown = text_of(report(problem), 60)
    assert [line for line in shown.splitlines() if len(line) > 60 and "10443" not in line] == []
    assert shown.split()[:-1] == text_of(report(problem)).split()[:-1]
    assert "  pod shop/till-1\n      till  pid 12  8 MB   12m  127.70.1.2\n" in text_of(report(), 50)


def test_the_json_has_everything_that_the_text_has() -> None:
    assert msgspec.json.decode(msgspec.json.encode(report()), type=StatusReport) == report()


def test_without_a_lab_the_exit_code_says_so() -> None:
    done = CliRunner().invoke(main, ["status", "--name", "none"])
    assert (done.exit_code, "gatelab up --detach --name none" in done.stderr) == (3, True)


def test_a_lab_that_is_not_running_names_those_that_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("GATELAB_NAME", raising=False)
    other = LabPlace.named("other")
    other.make()
    held = lock(other.lock, lab="other")
    try:
        done = CliRunner().invoke(main, ["status"])
    finally:
        os.close(held)
    assert (done.exit_code, "not running" in done.stderr, "running: other (--name" in done.stderr) == (3, True, True)
