"""The rules between fields, each by an object that breaks it."""

from typing import Any

import pytest

import api_objects as make
from gatelab.kinds.builtin import (
    CERTIFICATE,
    CLUSTER_ISSUER,
    CONFIG_MAP,
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
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import problems, rules
from gatelab.kinds.schemas.catalogue import schema_of
from gatelab.kinds.schemas.check import rule_problems

TLS = {"certificateRefs": [{"name": "c"}]}


def named(name: str, **fields: Any) -> Any:
    return {"metadata": {"name": name}, **fields}


def pod(**container: Any) -> Any:
    return make.pod(containers=[make.container(**container)])


def ports(*found: Any) -> Any:
    return make.service(ports=list(found))


def listeners(*found: Any) -> Any:
    whole = [{"name": f"l{i}", "port": 80, "protocol": "HTTP", **each} for i, each in enumerate(found)]
    return named("x", spec={"gatewayClassName": "c", "listeners": whole})


def strategy(**fields: Any) -> Any:
    return make.deployment(strategy=fields)


def certificate(**fields: Any) -> Any:
    return named("x", spec={"secretName": "s", "issuerRef": {"name": "i"}, "dnsNames": ["a"], **fields})


def selecting(**selector: Any) -> Any:
    return make.deployment(selector=selector)


BROKEN: list[tuple[Kind, Any, str]] = [
    (POD, make.pod("A_b"), 'metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain'),
    (POD, make.pod("x" * 254), "metadata.name: Invalid value"),
    (POD, make.pod("x\n"), "metadata.name: Invalid value"),
    (POD, {"metadata": {}, "spec": make.pod()["spec"]}, "metadata.name: Required value: name or generateName"),
    (POD, {"metadata": {"generateName": "A-"}, "spec": make.pod()["spec"]}, "metadata.generateName: Invalid value"),
    (NAMESPACE, named("a.b"), 'metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label'),
    (SERVICE, make.service("1a"), 'metadata.name: Invalid value: "1a": a DNS-1035 label'),
    (
        CONFIG_MAP,
        {"metadata": {"name": "x", "labels": {"a b": "c"}}},
        'metadata.labels: Invalid value: "a b": name part',
    ),
    (
        CONFIG_MAP,
        {"metadata": {"name": "x", "labels": {"a": "-"}}},
        'metadata.labels: Invalid value: "-": a valid label',
    ),
    (
        CONFIG_MAP,
        {"metadata": {"name": "x", "labels": {"/a": ""}}},
        'metadata.labels: Invalid value: "/a": prefix part',
    ),
    (CONFIG_MAP, {"metadata": {"name": "x", "annotations": {"a": "x" * 300_000}}}, "metadata.annotations: Too long"),
    (POD, make.pod(containers=[]), "spec.containers: Required value"),
    (POD, make.pod(containers=[make.container()] * 2), 'spec.containers[1].name: Duplicate value: "hello"'),
    (POD, pod(image=""), "spec.containers[0].image: Required value"),
    (POD, pod(name="A"), "spec.containers[0].name: Invalid value"),
    (
        POD,
        pod(ports=[{"containerPort": 0}]),
        "spec.containers[0].ports[0].containerPort: Invalid value: 0: must be between",
    ),
    (POD, pod(ports=[{"containerPort": 1, "name": "1"}]), "spec.containers[0].ports[0].name: Invalid value"),
    (POD, pod(ports=[{"containerPort": 1, "name": "x" * 16}]), "spec.containers[0].ports[0].name: Invalid value"),
    (
        POD,
        pod(ports=[{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]),
        'spec.containers[0].ports[1].name: Duplicate value: "a"',
    ),
    (POD, pod(readinessProbe={}), "spec.containers[0].readinessProbe: Required value: must specify a handler type"),
    (POD, pod(livenessProbe={"exec": {}, "grpc": {"port": 1}}), "spec.containers[0].livenessProbe.grpc: Forbidden"),
    (
        POD,
        pod(startupProbe={"grpc": {"port": 1}, "successThreshold": 2}),
        "spec.containers[0].startupProbe.successThreshold",
    ),
    (POD, pod(readinessProbe={"httpGet": {"port": 70000}}), "spec.containers[0].readinessProbe.httpGet.port: Invalid"),
    (
        POD,
        pod(volumeMounts=[{"name": "v", "mountPath": "/"}]),
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ),
    (
        POD,
        pod(resources={"requests": {"cpu": 2}, "limits": {"cpu": "1"}}),
        "spec.containers[0].resources.requests: Invalid",
    ),
    (
        POD,
        pod(env=[{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]),
        "spec.containers[0].env[0].valueFrom: Invalid value",
    ),
    (POD, make.pod(terminationGracePeriodSeconds=-1), "spec.terminationGracePeriodSeconds: Invalid value: -1"),
    (DEPLOYMENT, make.deployment(replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
    (
        DEPLOYMENT,
        selecting(matchLabels={"app": "other"}),
        'spec.template.metadata.labels: Invalid value: {"app":"hello"}: `selector` does not match template `labels`',
    ),
    (DEPLOYMENT, selecting(), "spec.selector: Invalid value: {}: empty selector"),
    (REPLICA_SET, selecting(matchLabels={"app": "other"}), "spec.template.metadata.labels: Invalid value"),
    (
        DEPLOYMENT,
        selecting(matchExpressions=[{"key": "a", "operator": "Like"}]),
        "spec.selector.matchExpressions[0].operator",
    ),
    (
        DEPLOYMENT,
        strategy(rollingUpdate={"maxSurge": 0, "maxUnavailable": 0}),
        "spec.strategy.rollingUpdate.maxUnavailable",
    ),
    (DEPLOYMENT, strategy(rollingUpdate={"maxSurge": "many"}), "spec.strategy.rollingUpdate.maxSurge: Invalid value"),
    (DEPLOYMENT, strategy(type="Recreate", rollingUpdate={}), "spec.strategy.rollingUpdate: Forbidden"),
    (DEPLOYMENT, make.deployment(minReadySeconds=600), "spec.progressDeadlineSeconds: Invalid value: 600"),
    (SERVICE, make.service(ports=[]), "spec.ports: Required value"),
    (SERVICE, ports({"port": 0}), "spec.ports[0].port: Invalid value: 0"),
    (SERVICE, ports({"port": 1}, {"port": 2}), "spec.ports[0].name: Required value"),
    (SERVICE, ports({"port": 1, "name": "a"}, {"port": 2, "name": "a"}), 'spec.ports[1].name: Duplicate value: "a"'),
    (SERVICE, ports({"port": 1, "name": "a"}, {"port": 1, "name": "b"}), "spec.ports[1]: Duplicate value"),
    (SERVICE, ports({"port": 1, "targetPort": "-"}), "spec.ports[0].targetPort: Invalid value"),
    (SERVICE, make.service(type="ExternalName"), "spec.externalName: Required value"),
    (SERVICE, make.service(type="LoadBalancer", clusterIP="None"), "spec.clusterIPs[0]: Invalid value"),
    (ENDPOINT_SLICE, named("x", addressType="IPv4", endpoints=[{"addresses": []}]), "endpoints[0].addresses: Required"),
    (SECRET, named("x", data={"a": "%"}), "data[a]: Invalid value"),
    (SECRET, named("x", data={"a": "ü"}), "data[a]: Invalid value"),
    (SECRET, named("x", data={"a/b": ""}), "data[a/b]: Invalid value"),
    (SECRET, named("x", type="kubernetes.io/tls", data={"tls.crt": ""}), "data[tls.key]: Required value"),
    (CONFIG_MAP, named("x", data={"a": ""}, binaryData={"a": ""}), "data[a]: Invalid value"),
    (CONFIG_MAP, named("x", data={"a": "x" * 1_100_000}), ": Too long"),
    (GATEWAY, listeners({}, {}), "spec.listeners[1]: Invalid value: {"),
    (GATEWAY, listeners({"tls": TLS}), 'spec.listeners[0].tls: Invalid value: "object": tls must not be specified'),
    (GATEWAY, listeners({"protocol": "TCP", "hostname": "a"}), "spec.listeners[0].hostname: Invalid value"),
    (
        GATEWAY,
        listeners({"protocol": "HTTPS", "tls": {**TLS, "mode": "Passthrough"}}),
        "spec.listeners[0].tls.mode: Invalid",
    ),
    (
        GATEWAY,
        listeners({"protocol": "HTTPS", "tls": {}}),
        'spec.listeners[0].tls: Invalid value: "object": certificateRefs',
    ),
    (GATEWAY, listeners({"protocol": "TLS"}), "spec.listeners[0].tls: Invalid value"),
    (GRPC_ROUTE, make.grpc_route("r", {"backendRefs": [{"name": "a"}]}), "spec.rules[0].backendRefs[0]: Invalid value"),
    (GRPC_ROUTE, make.grpc_route("r", {"matches": [{"method": {}}]}), "spec.rules[0].matches[0].method: Invalid value"),
    (
        GRPC_ROUTE,
        make.grpc_route("r", {"matches": [{"method": {"service": "a/b"}}]}),
        "spec.rules[0].matches[0].method",
    ),
    (
        GRPC_ROUTE,
        make.grpc_route("r", {"filters": [{"type": "RequestMirror"}]}),
        "spec.rules[0].filters[0]: Invalid value",
    ),
    (
        GRPC_ROUTE,
        make.grpc_route("r", {"filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {}}] * 2}),
        "spec.rules[0].filters: Invalid value",
    ),
    (GRPC_ROUTE, named("r", spec={"parentRefs": [{"name": "a"}, {"name": "a"}]}), "spec.parentRefs: Invalid value"),
    (CERTIFICATE, certificate(dnsNames=[]), 'spec: Invalid value: "": at least one of commonName'),
    (CERTIFICATE, certificate(secretName=""), "spec.secretName: Required value"),
    (CERTIFICATE, certificate(commonName="x" * 65), "spec.commonName: Too long"),
    (CERTIFICATE, certificate(ipAddresses=["300.0.0.1"]), "spec.ipAddresses[0]: Invalid value"),
    (CERTIFICATE, certificate(duration="soon"), "spec.duration: Invalid value"),
    (
        CERTIFICATE,
        certificate(privateKey={"algorithm": "ECDSA", "size": 255}),
        "spec.privateKey.size: Unsupported value",
    ),
    (CLUSTER_ISSUER, named("x", spec={}), "spec: Required value"),
    (CLUSTER_ISSUER, named("x", spec={"ca": {"secretName": "a"}, "selfSigned": {}}), "spec.selfSigned: Forbidden"),
]


@pytest.mark.parametrize(("kind", "obj", "message"), BROKEN, ids=[f"{each[0].name}-{each[2][:40]}" for each in BROKEN])
def test_broken_rules_are_told(kind: Kind, obj: Any, message: str) -> None:
    complete = with_defaults(kind, obj)
    assert rule_problems(schema_of(kind), complete) == []
    found = [str(problem) for problem in rules.broken(kind, complete, None)]
    assert any(each.startswith(message) for each in found), found


FINE: list[tuple[Kind, Any]] = [
    (POD, make.pod()),
    (POD, {"metadata": {"generateName": "x-"}, "spec": make.pod()["spec"]}),
    (POD, pod(startupProbe={"grpc": {"port": 8080}, "failureThreshold": 10})),
    (POD, pod(readinessProbe={"httpGet": {"port": "grpc"}}, env=[{"name": "A.b", "value": ""}])),
    (DEPLOYMENT, make.deployment()),
    (DEPLOYMENT, strategy(type="Recreate")),
    (DEPLOYMENT, strategy(rollingUpdate={"maxSurge": 1, "maxUnavailable": 1})),
    (SERVICE, make.service()),
    (SERVICE, ports({"port": 53, "name": "a"}, {"port": 53, "protocol": "UDP", "name": "b"})),
    (SERVICE, make.service(clusterIP="None", ports=[])),
    (ENDPOINT_SLICE, named("x", addressType="IPv4")),
    (SECRET, named("x", data={"a.b_c-D": "Yg=="})),
    (GATEWAY, listeners({"hostname": "a"}, {"hostname": "b"}, {"port": 81})),
    (GATEWAY, listeners({"protocol": "HTTPS", "port": 443, "tls": TLS})),
    (GRPC_ROUTE, make.grpc_route("r", {"matches": [{"method": {"service": "a.v1.B", "method": "C_d"}}]})),
    (
        GRPC_ROUTE,
        named("r", spec={"parentRefs": [{"name": "a", "sectionName": "x"}, {"name": "a", "sectionName": "y"}]}),
    ),
    (CERTIFICATE, certificate(duration="2160h0m0s", privateKey={"algorithm": "ECDSA", "size": 256})),
    (CLUSTER_ISSUER, named("x", spec={"selfSigned": {}})),
]


@pytest.mark.parametrize(("kind", "obj"), FINE)
def test_good_objects_are_fine(kind: Kind, obj: Any) -> None:
    complete = with_defaults(kind, obj)
    assert [*rule_problems(schema_of(kind), complete), *rules.broken(kind, complete, None)] == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "message"),
    [
        (
            DEPLOYMENT,
            make.deployment(),
            make.deployment(
                selector={"matchLabels": {"b": "c"}},
                template={"metadata": {"labels": {"b": "c"}}, "spec": {"containers": [make.container()]}},
            ),
            'spec.selector: Invalid value: {"matchLabels":{"b":"c"}}: field is immutable',
        ),
        (POD, make.pod(), make.pod(containers=[make.container(command=["x"])]), "spec: Forbidden: pod updates may not"),
        (SECRET, named("x", type="a"), named("x", type="b"), 'type: Invalid value: "b": field is immutable'),
        (SECRET, named("x", immutable=True), named("x", immutable=True, data={"a": ""}), "data: Forbidden"),
        (CONFIG_MAP, named("x", immutable=True), named("x"), "immutable: Forbidden"),
        (
            SERVICE,
            make.service(clusterIP="127.1.64.1"),
            make.service(clusterIP="127.1.64.2"),
            "spec.clusterIPs[0]: Invalid value",
        ),
        (
            GATEWAY_CLASS,
            named("x", spec={"controllerName": "a/b"}),
            named("x", spec={"controllerName": "a/c"}),
            "spec.controllerName: Invalid value",
        ),
    ],
)
def test_what_must_stay_stays(kind: Kind, before: Any, after: Any, message: str) -> None:
    found = rules.broken(kind, with_defaults(kind, after), with_defaults(kind, before))
    assert any(str(each).startswith(message) for each in found), found


def test_a_pods_image_and_node_may_change() -> None:
    before = with_defaults(POD, make.pod())
    after = with_defaults(POD, make.pod(containers=[make.container(image="hello:2")], nodeName="n"))
    assert rules.broken(POD, after, before) == []


def test_a_refusal_is_worded_as_kubernetes_words_it() -> None:
    one = problems.invalid("spec.replicas", -1, "must be zero")
    error = problems.refusal(DEPLOYMENT, "x", [one])
    assert error.message == 'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: must be zero'
    assert error.details["causes"] == [
        {"reason": "FieldValueInvalid", "message": "Invalid value: -1: must be zero", "field": "spec.replicas"}
    ]
    two = problems.refusal(POD, "x", [one, problems.required("a")])
    assert two.message == 'Pod "x" is invalid: [spec.replicas: Invalid value: -1: must be zero, a: Required value]'
