"""What EndpointSlices say of pods."""

from typing import Any

from gatelab.kinds.core import Service
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.services.endpoints import Content, contents


def service(*ports: dict[str, Any], **spec: Any) -> Service:
    return view(
        Service, {"metadata": {"name": "s", "namespace": "n", "uid": "u"}, "spec": {"ports": list(ports)} | spec}
    )


def pod(name: str, *, ready: bool = True, terminating: bool = False, phase: str = "Running", **ports: int) -> Pod:
    metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}"}
    if terminating:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    containers = [{"name": "c", "ports": [{"name": each, "containerPort": port} for each, port in ports.items()]}]
    status = {
        "phase": phase,
        "podIP": "127.25.1." + str(ord(name[0]) - ord("a") + 1),
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    return view(
        Pod, {"metadata": metadata, "spec": {"containers": containers, "nodeName": "gatelab"}, "status": status}
    )


def addresses(content: Content) -> list[str]:
    return [each["addresses"][0] for each in content.endpoints]


def test_conditions() -> None:
    pods = [
        pod("a"),
        pod("b", ready=False),
        pod("c", terminating=True),
        pod("d", ready=False, terminating=True),
        pod("e", phase="Failed"),
    ]
    (content,) = contents(service({"port": 80}), pods)
    assert [tuple(each["conditions"].values()) for each in content.endpoints] == [
        (True, True, False),
        (False, False, False),
        (False, True, True),
        (False, False, True),
    ], "ready, serving, terminating; what has failed is not there"


def test_not_ready_addresses_may_be_published() -> None:
    (content,) = contents(service({"port": 80}, publishNotReadyAddresses=True), [pod("a", ready=False)])
    assert content.endpoints[0]["conditions"] == {"ready": True, "serving": False, "terminating": False}


def test_an_endpoint_names_its_pod_and_node() -> None:
    (content,) = contents(service({"port": 80}), [pod("a")])
    assert content.endpoints[0]["targetRef"] == {"kind": "Pod", "namespace": "n", "name": "a", "uid": "uid-a"}
    assert content.endpoints[0]["nodeName"] == "gatelab"


def test_target_ports() -> None:
    ports = (
        {"name": "named", "port": 80, "targetPort": "grpc", "appProtocol": "kubernetes.io/h2c"},
        {"name": "numbered", "port": 81, "targetPort": 9000},
        {"name": "same", "port": 82},
        {"name": "unknown", "port": 83, "targetPort": "nowhere"},
    )
    (content,) = contents(service(*ports), [pod("a", grpc=8080)])
    assert content.ports == [
        {"name": "named", "port": 8080, "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"},
        {"name": "numbered", "port": 9000, "protocol": "TCP"},
        {"name": "same", "port": 82, "protocol": "TCP"},
    ]


def test_pods_whose_named_port_differs_are_in_slices_of_their_own() -> None:
    one, two = contents(service({"port": 80, "targetPort": "p"}), [pod("a", p=2), pod("b", p=1), pod("c", p=2)])
    assert (one.ports[0]["port"], addresses(one)) == (1, ["127.25.1.2"])
    assert (two.ports[0]["port"], addresses(two)) == (2, ["127.25.1.1", "127.25.1.3"])


def test_the_order_of_pods_does_not_matter() -> None:
    pods = [pod("a"), pod("b"), pod("c")]
    assert contents(service({"port": 80}), pods) == contents(service({"port": 80}), pods[::-1])


def test_a_hundred_endpoints_to_a_slice() -> None:
    pods = [pod(f"a{number:03}") for number in range(250)]
    assert [len(each.endpoints) for each in contents(service({"port": 80}), pods)] == [100, 100, 50]


def test_no_pods_are_one_empty_slice() -> None:
    assert contents(service({"port": 80}), []) == [Content([], [])]
