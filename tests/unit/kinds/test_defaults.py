"""Defaults, kind by kind."""

from typing import Any

import pytest

import api_objects as make
from gatelab.kinds.builtin import (
    BUILTIN,
    CERTIFICATE,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    NAMESPACE,
    POD,
    REPLICA_SET,
    SECRET,
    SERVICE,
)
from gatelab.kinds.defaults import with_allocated, with_defaults
from gatelab.kinds.defaults.pods import qos_class
from gatelab.kinds.kind import Kind

POD_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
    "name": "hello",
    "image": "hello:1",
    "ports": [{"name": "grpc", "containerPort": 8080, "protocol": "TCP"}],
}


def test_deployment() -> None:
    spec = with_defaults(DEPLOYMENT, make.deployment())["spec"]
    assert spec["replicas"] == 1
    assert spec["revisionHistoryLimit"] == 10
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert spec["template"]["spec"] == {**POD_SPEC, "containers": [CONTAINER]}


def test_what_is_said_stays() -> None:
    wanted = make.deployment(replicas=0, strategy={"rollingUpdate": {"maxSurge": 1}}, revisionHistoryLimit=0)
    spec = with_defaults(DEPLOYMENT, wanted)["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (0, 0)
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 1}
    assert with_defaults(DEPLOYMENT, make.deployment(strategy={"type": "Recreate"}))["spec"]["strategy"] == {
        "type": "Recreate"
    }
    assert with_defaults(REPLICA_SET, make.deployment())["spec"]["replicas"] == 1


def test_pod() -> None:
    pod = with_defaults(POD, make.pod())
    extra = {"enableServiceLinks": True, "serviceAccountName": "default", "serviceAccount": "default"}
    assert pod["spec"] == {**POD_SPEC, **extra, "containers": [CONTAINER]}
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def container(**fields: Any) -> Any:
    return with_defaults(POD, make.pod(containers=[make.container(**fields)]))["spec"]["containers"][0]


def test_probes_and_handlers() -> None:
    probe = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    assert container(readinessProbe={"grpc": {"port": 1}})["readinessProbe"] == {
        **probe,
        "grpc": {"port": 1, "service": ""},
    }
    assert container(livenessProbe={"httpGet": {"port": 1}, "periodSeconds": 1})["livenessProbe"] == {
        **probe,
        "periodSeconds": 1,
        "httpGet": {"port": 1, "path": "/", "scheme": "HTTP"},
    }
    hook = {"preStop": {"sleep": {"seconds": 2}}, "stopSignal": "SIGUSR1"}
    assert container(lifecycle=hook)["lifecycle"] == hook


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("a", "Always"),
        ("a:latest", "Always"),
        ("host:5000/a", "Always"),
        ("host:5000/a:1", "IfNotPresent"),
        ("a@sha256:1", "IfNotPresent"),
    ],
)
def test_images_are_pulled_always_when_they_may_move(image: str, policy: str) -> None:
    assert container(image=image)["imagePullPolicy"] == policy


def test_small_things_of_pods() -> None:
    assert container(resources={"limits": {"cpu": 1}})["resources"] == {"limits": {"cpu": 1}, "requests": {"cpu": 1}}
    env = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    assert container(env=env)["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    volumes = [{"name": "a"}, {"name": "b", "secret": {"secretName": "s"}}]
    assert with_defaults(POD, make.pod(volumes=volumes))["spec"]["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"defaultMode": 420, "secretName": "s"}},
    ]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: Any, expected: str) -> None:
    assert qos_class({"containers": [{"resources": resources}]}) == expected


def test_service() -> None:
    assert with_defaults(SERVICE, make.service())["spec"] == {
        "internalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack",
        "ipFamilies": ["IPv4"],
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "selector": {"app": "hello"},
        "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}],
    }
    balanced = with_defaults(SERVICE, make.service(type="LoadBalancer"))["spec"]
    assert (balanced["externalTrafficPolicy"], balanced["allocateLoadBalancerNodePorts"]) == ("Cluster", True)
    assert "externalTrafficPolicy" not in with_defaults(SERVICE, make.service())["spec"]
    assert "ipFamilies" not in with_defaults(SERVICE, make.service(type="ExternalName", externalName="a"))["spec"]


def test_an_update_of_a_pod_keeps_its_node() -> None:
    assert with_allocated(POD, make.pod(), make.pod(nodeName="n"))["spec"]["nodeName"] == "n"


def test_namespace_and_secret_and_slice() -> None:
    namespace = with_defaults(NAMESPACE, {"metadata": {"name": "a"}})
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "a"}
    assert (namespace["spec"], namespace["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    secret = with_defaults(SECRET, {"metadata": {}, "stringData": {"a": "ü"}, "data": {"a": "b", "c": "d"}})
    assert (secret["data"], secret["type"]) == ({"a": "w7w=", "c": "d"}, "Opaque")
    piece = with_defaults(ENDPOINT_SLICE, {"metadata": {}, "ports": [{"port": 1}]})
    assert (piece["endpoints"], piece["ports"]) == ([], [{"name": "", "protocol": "TCP", "port": 1}])


def test_gateway() -> None:
    whole = make.gateway(tls={"certificateRefs": [{"name": "c"}]})
    gateway = with_defaults(GATEWAY, whole)
    listener = gateway["spec"]["listeners"][0]
    assert listener["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    assert listener["tls"] == {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": "c"}]}
    conditions = [(each["type"], each["status"], each["reason"]) for each in gateway["status"]["conditions"]]
    assert conditions == [("Accepted", "Unknown", "Pending"), ("Programmed", "Unknown", "Pending")]
    assert "mode" not in whole["spec"]["listeners"][0]["tls"]


def test_gateway_class() -> None:
    complete = with_defaults(GATEWAY_CLASS, {"metadata": {}, "spec": {"controllerName": "a/b"}})
    assert [each["type"] for each in complete["status"]["conditions"]] == ["Accepted"]


def test_grpc_route() -> None:
    rule = {
        "matches": [{"method": {"service": "a"}, "headers": [{"name": "a", "value": "b"}]}],
        "backendRefs": [make.backend()],
    }
    route = with_defaults(GRPC_ROUTE, make.grpc_route("r", rule))
    assert route["spec"]["parentRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw"}]
    complete = route["spec"]["rules"][0]
    assert complete["matches"][0]["method"]["type"] == "Exact"
    assert complete["matches"][0]["headers"][0]["type"] == "Exact"
    assert complete["backendRefs"] == [{"group": "", "kind": "Service", "weight": 1, "name": "hello", "port": 8080}]
    assert "status" not in route


def test_certificates_have_none() -> None:
    obj = {"metadata": {}, "spec": {"secretName": "s", "issuerRef": {"name": "i"}}}
    assert with_defaults(CERTIFICATE, obj) == obj


SAMPLES: dict[Kind, Any] = {
    DEPLOYMENT: make.deployment(),
    POD: make.pod(volumes=[{"name": "v"}]),
    SERVICE: make.service(type="LoadBalancer"),
    GATEWAY: make.gateway(),
    GRPC_ROUTE: make.grpc_route(),
}


@pytest.mark.parametrize("kind", BUILTIN, ids=str)
def test_twice_is_once(kind: Kind) -> None:
    once = with_defaults(kind, SAMPLES.get(kind, {"metadata": {"name": "x"}}))
    assert with_defaults(kind, once) == once
