"""The objects of a data plane, and what becomes of them when somebody changes them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gatelab.gateway import naming
from gatelab.gateway.data_plane.drift import overlaid
from gatelab.gateway.data_plane.objects import data_plane, data_plane_key
from gatelab.gateway.translate import translate
from gatelab.gateway.translate.gateway_class import CILIUM, GATELAB
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view
from gatelab.proxy.drain import MOST_S
from gatelab.proxy.drain_by_request import WAIT_S
from gateway_objects import SETTINGS, gateway, gateway_class
from golden_cases import snapshot


def outcome(obj: dict[str, Any]) -> GatewayOutcome:
    (found,) = translate(snapshot([gateway_class(), obj])).gateways.values()
    return found


def objects(obj: dict[str, Any], **settings: Any) -> dict[str, Any]:
    made = data_plane(outcome(obj), Key("default", "gw-gatelab"), replace(SETTINGS, **settings))
    return {kind.name: each for kind, each in made}


def test_names_follow_the_class() -> None:
    read = view(Gateway, gateway())
    assert data_plane_key(read, naming(GATELAB)) == Key("default", "gw-gatelab")
    assert data_plane_key(read, naming(CILIUM)) == Key("default", "cilium-gateway-gw")
    assert data_plane_key(read, naming("example.com/other")) == Key("default", "gw-gatelab")


def test_long_names_are_cut_and_stay_different() -> None:
    names = {data_plane_key(view(Gateway, gateway("x" * 250 + tail)), naming(GATELAB)).name for tail in ("a", "b")}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)
    labels = objects(gateway("x" * 253))["Deployment"]["spec"]["selector"]["matchLabels"]
    assert all(len(value) <= 63 for value in labels.values())


def test_the_service_has_a_port_for_each_port_of_the_listeners() -> None:
    listeners = [
        {"name": "a", "port": 443, "protocol": "HTTPS", "hostname": "a.test"},
        {"name": "b", "port": 443, "protocol": "HTTPS", "hostname": "b.test"},
        {"name": "c", "port": 8080, "protocol": "HTTP"},
        {"name": "d", "port": 9000, "protocol": "TCP"},
        {"name": "e", "port": 9000, "protocol": "UDP"},
        {"name": "f", "port": 9001, "protocol": "SCTP"},
    ]
    service = objects(gateway(listeners=listeners), privileged_shift=10_000)["Service"]
    assert service["spec"]["ports"] == [
        {"name": "https-443", "port": 443, "targetPort": 10443, "protocol": "TCP"},
        {"name": "http-8080", "port": 8080, "targetPort": 8080, "protocol": "TCP"},
        {"name": "tcp-9000", "port": 9000, "targetPort": 9000, "protocol": "TCP"},
        {"name": "udp-9000", "port": 9000, "targetPort": 9000, "protocol": "UDP"},
    ]
    assert service["metadata"]["annotations"] == {"gatelab.dev/served-by": "pod"}


def test_a_port_keeps_its_name_when_another_protocol_comes_to_it() -> None:
    first = {"name": "a", "port": 443, "protocol": "TLS", "hostname": "a.test", "tls": {"mode": "Passthrough"}}
    tls = {"certificateRefs": [{"name": "certificate"}]}
    later = {"name": "b", "port": 443, "protocol": "HTTPS", "hostname": "b.test", "tls": tls}
    for listeners in ([first], [first, later]):
        ports = objects(gateway(listeners=listeners))["Service"]["spec"]["ports"]
        assert [each["name"] for each in ports] == ["tls-443"]


def test_on_a_cluster_the_service_is_served_as_any_other() -> None:
    made = objects(gateway(), bind="any")
    assert "annotations" not in made["Service"]["metadata"]


@pytest.mark.parametrize(
    ("bind", "hook"),
    [
        ("any", {"httpGet": {"path": "/drain/uid-of-gw", "port": 19001}}),
        ("service-address", {"exec": {"command": ["drain", "it"]}}),
    ],
)
def test_a_new_envoy_serves_before_the_old_one_drains(bind: str, hook: dict[str, Any]) -> None:
    spec = objects(gateway(), bind=bind, drain=("drain", "it"))["Deployment"]["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    (container,) = spec["template"]["spec"]["containers"]
    assert container["lifecycle"] == {"preStop": hook}
    assert ("/drain/" in json.dumps(container["args"])) is (bind == "any"), (
        "whoever runs on this machine sees arguments"
    )
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > max(MOST_S, WAIT_S)


def test_an_image_that_cannot_drain_has_no_hook() -> None:
    (container,) = objects(gateway(), drain=())["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert "lifecycle" not in container


def test_a_static_address_is_asked_for() -> None:
    assert objects(gateway(addresses=[{"value": "127.24.0.9"}]))["Service"]["spec"]["loadBalancerIP"] == "127.24.0.9"


def test_infrastructure_labels_and_annotations_are_everywhere() -> None:
    infrastructure = {"labels": {"team": "blue"}, "annotations": {"note": "x"}}
    made = objects(gateway(infrastructure=infrastructure))
    for metadata in [*(each["metadata"] for each in made.values()), made["Deployment"]["spec"]["template"]["metadata"]]:
        assert metadata["labels"]["team"] == "blue"
        assert metadata["annotations"]["note"] == "x"


def test_envoy_is_told_who_it_is_by_the_kubelet() -> None:
    (container,) = objects(gateway())["Deployment"]["spec"]["template"]["spec"]["containers"]
    config = json.loads(container["args"][container["args"].index("--config-yaml") + 1])
    assert config["node"] == {"id": "$(POD_NAME)", "cluster": "default/gw"}
    assert config["admin"]["address"]["pipe"]["path"] == "/run/x/envoy-$(POD_UID)"
    names = {each["name"] for each in container["env"]}
    assert names == {"POD_NAME", "POD_NAMESPACE", "POD_UID", "POD_IP", "ENVOY_ADMIN_SOCKET"}
    assert container["env"][-1]["value"] == config["admin"]["address"]["pipe"]["path"]


def test_what_others_filled_in_stays() -> None:
    present = {
        "spec": {
            "clusterIP": "10.0.0.1",
            "ports": [{"name": "a", "port": 1, "nodePort": 30001}, {"name": "gone", "port": 2}],
        }
    }
    wanted = {"spec": {"type": "LoadBalancer", "ports": [{"name": "a", "port": 3}, {"name": "new", "port": 4}]}}
    assert overlaid(present, wanted) == {
        "spec": {
            "clusterIP": "10.0.0.1",
            "type": "LoadBalancer",
            "ports": [{"name": "a", "port": 3, "nodePort": 30001}, {"name": "new", "port": 4}],
        }
    }


def test_arguments_are_replaced_as_a_whole() -> None:
    assert overlaid({"args": ["a", "b", "c"]}, {"args": ["a"]}) == {"args": ["a"]}
