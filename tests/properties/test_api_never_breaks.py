"""Whatever clients send, the API answers with a Status of theirs, never with a bug of ours."""

import asyncio
from copy import deepcopy
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import api_objects as make
from asgi_requests import TOKEN, Requests
from fake_logs import FakeLogs
from gatelab.apiserver import create_app
from gatelab.kinds.builtin import BUILTIN, NAMESPACE
from gatelab.kinds.kind import Kind
from gatelab.store import Store

CONFIG: dict[str, Any] = {"metadata": {"name": "x"}, "data": {"a": "Yg=="}}
CERTIFICATE: dict[str, Any] = {
    "secretName": "s",
    "issuerRef": {"name": "i"},
    "dnsNames": ["a"],
    "privateKey": {"size": 2048},
}
RULE = {
    "matches": [{"method": {"service": "a.B", "method": "C"}, "headers": [{"name": "h", "value": "v"}]}],
    "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}}],
    "backendRefs": [make.backend()],
}
L4_RULE = {"backendRefs": [make.backend()]}
LISTENER = {"name": "l", "port": 80, "protocol": "HTTP"}
TARGET = {"group": "", "kind": "Service", "name": "s"}
SYSTEM = {"hostname": "a.test", "wellKnownCACertificates": "System"}
RICH = make.container(
    env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
    readinessProbe={"grpc": {"port": 1}},
    resources={"limits": {"cpu": "1"}, "requests": {"cpu": 1}},
    volumeMounts=[{"name": "v", "mountPath": "/v"}],
    lifecycle={"preStop": {"sleep": {"seconds": 2}}},
)
BOUND = {"policyName": "p", "validationActions": ["Deny"]}
GRANTED = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "n"}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
AUTOSCALER = {
    "scaleTargetRef": {"kind": "Deployment", "name": "d"},
    "maxReplicas": 2,
    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}],
}
DEFINITION = {
    "group": "a.b",
    "names": {"plural": "xs", "kind": "X"},
    "scope": "Namespaced",
    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
}
SAMPLES: dict[str, Any] = {
    "Deployment": make.deployment(strategy={"rollingUpdate": {"maxSurge": 1}}),
    "ReplicaSet": {**make.deployment(), "kind": "ReplicaSet"},
    "Pod": make.pod(
        containers=[RICH],
        initContainers=[RICH | {"name": "i", "restartPolicy": "Always"}],
        volumes=[{"name": "v", "secret": {}}],
    ),
    "Service": make.service(type="NodePort"),
    "Gateway": make.gateway(
        protocol="HTTPS", tls={"certificateRefs": [{"name": "c"}]}, allowedRoutes={"namespaces": {"from": "All"}}
    ),
    "GatewayClass": {"metadata": {"name": "x"}, "spec": {"controllerName": "a.b/c"}},
    "GRPCRoute": make.grpc_route("r", RULE),
    "Certificate": {"metadata": {"name": "x"}, "spec": CERTIFICATE},
    "ClusterIssuer": {"metadata": {"name": "x"}, "spec": {"selfSigned": {}}},
    "Issuer": {"metadata": {"name": "x"}, "spec": {"ca": {"secretName": "s"}}},
    "EndpointSlice": {
        "metadata": {"name": "x"},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["a"]}],
        "ports": [{}],
    },
    "Event": {"metadata": {"name": "x"}, "involvedObject": {"name": "x"}, "lastTimestamp": "2026-01-02T03:04:05Z"},
    "StatefulSet": {**make.deployment(serviceName="hello"), "kind": "StatefulSet", "apiVersion": "apps/v1"},
    "DaemonSet": {**make.deployment(), "kind": "DaemonSet"},
    "HTTPRoute": {"metadata": {"name": "x"}, "spec": {"rules": [{"backendRefs": [make.backend()]}]}},
    "ReferenceGrant": {"metadata": {"name": "x"}, "spec": {"from": [GRANTED], "to": [{"group": "", "kind": "Secret"}]}},
    "TLSRoute": {"metadata": {"name": "x"}, "spec": {"hostnames": ["a.test"], "rules": [L4_RULE]}},
    "TCPRoute": {"metadata": {"name": "x"}, "spec": {"rules": [L4_RULE]}},
    "UDPRoute": {"metadata": {"name": "x"}, "spec": {"rules": [L4_RULE]}},
    "ListenerSet": {"metadata": {"name": "x"}, "spec": {"parentRef": {"name": "g"}, "listeners": [LISTENER]}},
    "BackendTLSPolicy": {"metadata": {"name": "x"}, "spec": {"targetRefs": [TARGET], "validation": SYSTEM}},
    "CustomResourceDefinition": {"metadata": {"name": "xs.a.b"}, "spec": DEFINITION},
    "ValidatingAdmissionPolicyBinding": {"metadata": {"name": "x"}, "spec": BOUND},
    "Lease": {"metadata": {"name": "x"}, "spec": {"holderIdentity": "a", "renewTime": "2026-01-02T03:04:05.000001Z"}},
    "RoleBinding": {"metadata": {"name": "x"}, "roleRef": ROLE, "subjects": [{"kind": "User", "name": "u"}]},
    "ClusterRoleBinding": {"metadata": {"name": "x"}, "roleRef": ROLE},
    "PodDisruptionBudget": {"metadata": {"name": "x"}, "spec": {"minAvailable": "50%"}},
    "NetworkPolicy": {"metadata": {"name": "x"}, "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 1}]}]}},
    "HorizontalPodAutoscaler": {"metadata": {"name": "x"}, "spec": AUTOSCALER},
    "PersistentVolumeClaim": {"metadata": {"name": "x"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}},
    "ResourceQuota": {"metadata": {"name": "x"}, "spec": {"hard": {"pods": 1}}},
    "LimitRange": {"metadata": {"name": "x"}, "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
    "PodMetrics": {"metadata": {"name": "x"}, "containers": [{"name": "c", "usage": {"cpu": "1n"}}]},
}
STATUS: dict[str, Any] = {
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"state": {"running": {}}, "lastState": {"terminated": {"finishedAt": ""}}}],
        "addresses": [{"value": "1"}],
        "loadBalancer": {"ingress": [{"ip": "x"}]},
    }
}

APPLY = "application/apply-patch+yaml"

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["", "a", "A_b", "1", "5%", "x" * 300, "2026-01-01", "None", "ClientIP", "$patch"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name", "port", "$patch"]), inner)
    ),
    max_leaves=3,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in the value."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += places(each, (*path, key))
    return found


def with_value(obj: Any, path: tuple[Any, ...], value: Any) -> Any:
    result = deepcopy(obj)
    parent = result
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    return result


@st.composite
def broken(draw: st.DrawFn) -> tuple[Kind, Any, Any]:
    """A kind, one of its objects with something else in one place, and a status likewise."""
    kind = draw(st.sampled_from(BUILTIN))
    sample = SAMPLES.get(kind.name, CONFIG)
    obj = with_value(sample, draw(st.sampled_from(places(sample))), draw(VALUES))
    return kind, obj, with_value(STATUS, draw(st.sampled_from(places(STATUS))), draw(VALUES))


def typed(kind: Kind, obj: Any) -> Any:
    return {"apiVersion": kind.api_version, "kind": kind.name, **obj}


async def conversation(kind: Kind, obj: Any, status: Any) -> list[tuple[str, int, bytes]]:
    """All verbs on the object, and on a good one that it is to replace."""
    store = Store.open(None)
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    api = Requests(create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs()))
    good = SAMPLES.get(kind.name, CONFIG)
    prefix = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    collection = f"{prefix}/namespaces/default/{kind.plural}" if kind.namespaced else f"{prefix}/{kind.plural}"
    place = f"{collection}/{good['metadata']['name']}"
    merge, strategic = "application/merge-patch+json", "application/strategic-merge-patch+json"
    table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    answers = [
        ("create", await api("POST", collection, obj)),
        ("good", await api("POST", collection, good)),
        ("update", await api("PUT", place, obj)),
        ("patch", await api("PATCH", place, obj, content_type=merge)),
        ("strategic", await api("PATCH", place, obj, content_type=strategic)),
        ("status", await api("PATCH", f"{place}/status", status, content_type=merge)),
        ("apply", await api("PATCH", f"{place}?fieldManager=a", typed(kind, good), content_type=APPLY)),
        ("force", await api("PATCH", f"{place}?fieldManager=b&force=true", typed(kind, obj), content_type=APPLY)),
        ("return", await api("PATCH", f"{place}?fieldManager=b", typed(kind, good), content_type=APPLY)),
        ("state", await api("PATCH", f"{place}/status?fieldManager=c", typed(kind, obj | status), content_type=APPLY)),
        ("table", await api("GET", collection, headers=table)),
        ("list", await api("GET", collection)),
        ("scale", await api("PATCH", f"{place}/scale", obj, content_type=merge)),
        ("delete", await api("DELETE", place, obj)),
    ]
    await store.close()
    return [(name, answer.status, answer.body) for name, answer in answers]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
@example((BUILTIN[2], make.pod(containers=[make.container(resources={"limits": {"cpu": "much"}})]), STATUS))
def test_nothing_breaks_the_api(case: tuple[Kind, Any, Any]) -> None:
    for name, status, body in asyncio.run(conversation(*case)):
        assert status < 500, (name, body)
        assert name != "good" or status in (201, 409), body
        msgspec.json.decode(body)
