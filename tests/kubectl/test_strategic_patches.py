"""Strategic merge patches by kubectl, one for every kind that Kubernetes itself decodes."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import pytest

from custom_objects import definition
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.schemas.catalogue import is_native
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]
Json = dict[str, Any]

pytestmark = pytest.mark.kubectl


class Case(NamedTuple):
    """An object's own part, a patch of it, and what the patched fields are then."""

    obj: Json
    patch: Json
    expected: Json


def _template(spec: Json) -> Json:
    return {"metadata": {"labels": {"app": "x"}}, "spec": spec}


_SELECTOR = {"matchLabels": {"app": "x"}}
_ENV = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
_CONTAINERS = [{"name": "a", "image": "a:1", "env": _ENV}, {"name": "b", "image": "b:1"}]
_PATCH_OF_CONTAINERS = [{"name": "a", "env": [{"name": "B", "$patch": "delete"}, {"name": "C", "value": "3"}]}]
_PATCHED_CONTAINERS = [
    {"name": "a", "image": "a:1", "env": [{"name": "C", "value": "3"}, {"name": "A", "value": "1"}]},
    {"name": "b", "image": "b:1"},
]
_RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
_SUBJECT = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "u"}
_OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "1"}
_OTHER_OWNER = {**_OWNER, "name": "p", "uid": "2"}
_PORTS = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]


def _role(kind: str) -> Case:
    """Lists without a merge key are replaced."""
    ref = {"kind": kind.removesuffix("Binding"), "apiGroup": "rbac.authorization.k8s.io", "name": "r"}
    if kind.endswith("Binding"):
        other = {**_SUBJECT, "name": "v"}
        return Case({"roleRef": ref, "subjects": [_SUBJECT]}, {"subjects": [other]}, {"subjects": [other]})
    other_rule = {**_RULE, "verbs": ["list"]}
    return Case({"rules": [_RULE]}, {"rules": [other_rule]}, {"rules": [other_rule]})


CASES: Mapping[str, Case] = {
    "Namespace": Case({}, {"metadata": {"labels": {"a": "b"}}}, {"metadata": {"labels": {"a": "b"}}}),
    "Node": Case(
        {
            "spec": {
                "podCIDRs": ["10.0.0.0/24"],
                "podCIDR": "10.0.0.0/24",
                "taints": [{"key": "a", "effect": "NoSchedule"}],
            }
        },
        {"spec": {"podCIDRs": ["10.0.1.0/24"], "taints": [{"key": "b", "effect": "NoSchedule"}]}},
        {"spec": {"podCIDRs": ["10.0.1.0/24", "10.0.0.0/24"], "taints": [{"key": "b", "effect": "NoSchedule"}]}},
    ),
    "Pod": Case(
        {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}},
        {"spec": {"containers": [{"name": "b", "image": "b:2"}]}},
        {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}]}},
    ),
    "Service": Case(
        {"spec": {"ports": _PORTS, "selector": {"a": "b"}}},
        {"spec": {"ports": [{"port": 81, "targetPort": "x"}], "selector": {"c": "d"}}},
        {
            "spec": {
                "ports": [{"port": 80, "targetPort": 80}, {"port": 81, "targetPort": "x"}],
                "selector": {"a": "b", "c": "d"},
            }
        },
    ),
    "Secret": Case({"data": {"a": "YQ==", "b": "Yg=="}}, {"data": {"a": None}}, {"data": {"b": "Yg=="}}),
    "ConfigMap": Case(
        {"data": {"a": "1"}, "metadata": {"finalizers": ["a.example/x"], "ownerReferences": [_OWNER]}},
        {
            "data": {"b": "2"},
            "metadata": {"$deleteFromPrimitiveList/finalizers": ["a.example/x"], "ownerReferences": [_OTHER_OWNER]},
        },
        {"data": {"a": "1", "b": "2"}, "metadata": {"ownerReferences": [_OTHER_OWNER, _OWNER]}},
    ),
    "ServiceAccount": Case(
        {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "a"}]},
        {"secrets": [{"name": "b"}], "imagePullSecrets": [{"name": "b"}]},
        {"secrets": [{"name": "b"}, {"name": "a"}], "imagePullSecrets": [{"name": "b"}]},
    ),
    "Event": Case(
        {"involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}, "reason": "A", "message": "m"},
        {"message": "n"},
        {"reason": "A", "message": "n"},
    ),
    "Deployment": Case(
        {
            "spec": {
                "selector": _SELECTOR,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
                "template": _template({"containers": _CONTAINERS}),
            }
        },
        {
            "spec": {
                "strategy": {"$retainKeys": ["type"], "type": "Recreate"},
                "template": {"spec": {"containers": _PATCH_OF_CONTAINERS}},
            }
        },
        {"spec": {"strategy": {"type": "Recreate"}, "template": {"spec": {"containers": _PATCHED_CONTAINERS}}}},
    ),
    "ReplicaSet": Case(
        {"spec": {"selector": _SELECTOR, "template": _template({"containers": _CONTAINERS})}},
        {"spec": {"template": {"spec": {"containers": _PATCH_OF_CONTAINERS}}}},
        {"spec": {"template": {"spec": {"containers": _PATCHED_CONTAINERS}}}},
    ),
    "StatefulSet": Case(
        {
            "spec": {
                "selector": _SELECTOR,
                "serviceName": "x",
                "template": _template(
                    {"containers": _CONTAINERS, "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a"]}]}
                ),
            }
        },
        {
            "spec": {
                "template": {
                    "spec": {
                        "containers": _PATCH_OF_CONTAINERS,
                        "hostAliases": [{"ip": "127.0.0.2", "hostnames": ["b"]}],
                    }
                }
            }
        },
        {
            "spec": {
                "template": {
                    "spec": {
                        "containers": _PATCHED_CONTAINERS,
                        "hostAliases": [
                            {"ip": "127.0.0.2", "hostnames": ["b"]},
                            {"ip": "127.0.0.1", "hostnames": ["a"]},
                        ],
                    }
                }
            }
        },
    ),
    "DaemonSet": Case(
        {
            "spec": {
                "selector": _SELECTOR,
                "template": _template({"containers": _CONTAINERS, "volumes": [{"name": "v", "emptyDir": {}}]}),
            }
        },
        {
            "spec": {
                "template": {
                    "spec": {
                        "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                        "volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}],
                    }
                }
            }
        },
        {
            "spec": {
                "template": {
                    "spec": {
                        "containers": [{"name": "b"}, {"name": "a"}],
                        "volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 420}}],
                    }
                }
            }
        },
    ),
    "ControllerRevision": Case({"revision": 1, "data": {"a": 1}}, {"revision": 2}, {"revision": 2, "data": {"a": 1}}),
    "EndpointSlice": Case(
        {"addressType": "IPv4", "endpoints": [{"addresses": ["127.9.0.1"]}], "ports": [{"name": "a", "port": 1}]},
        {"endpoints": [{"addresses": ["127.9.0.2"]}]},
        {"endpoints": [{"addresses": ["127.9.0.2"]}], "ports": [{"name": "a", "port": 1, "protocol": "TCP"}]},
    ),
    "CustomResourceDefinition": Case(
        definition(),
        {"spec": {"names": {"shortNames": ["wi"]}}},
        {"spec": {"names": {"plural": "widgets", "shortNames": ["wi"]}}},
    ),
    "ValidatingAdmissionPolicy": Case(
        {
            "spec": {
                "variables": [{"name": "a", "expression": "1"}],
                "validations": [{"expression": "true"}],
                "matchConstraints": {},
            }
        },
        {"spec": {"variables": [{"name": "b", "expression": "2"}], "validations": [{"expression": "false"}]}},
        {
            "spec": {
                "variables": [{"name": "b", "expression": "2"}, {"name": "a", "expression": "1"}],
                "validations": [{"expression": "false"}],
            }
        },
    ),
    "ValidatingAdmissionPolicyBinding": Case(
        {"spec": {"policyName": "p", "validationActions": ["Deny"]}},
        {"spec": {"validationActions": ["Warn"]}},
        {"spec": {"policyName": "p", "validationActions": ["Warn"]}},
    ),
    "Lease": Case(
        {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 5}},
        {"spec": {"holderIdentity": "b"}},
        {"spec": {"holderIdentity": "b", "leaseDurationSeconds": 5}},
    ),
    **{each: _role(each) for each in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")},
    "PodDisruptionBudget": Case(
        {"spec": {"minAvailable": 1, "selector": _SELECTOR}},
        {"spec": {"minAvailable": None, "maxUnavailable": 1}},
        {"spec": {"maxUnavailable": 1, "selector": _SELECTOR, "minAvailable": None}},
    ),
    "NetworkPolicy": Case(
        {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}], "policyTypes": ["Ingress"]}},
        {"spec": {"ingress": [{"ports": [{"port": 81}]}]}},
        {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 81}]}], "policyTypes": ["Ingress"]}},
    ),
    "HorizontalPodAutoscaler": Case(
        {
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"},
            }
        },
        {"spec": {"maxReplicas": 4, "scaleTargetRef": {"name": "y"}}},
        {"spec": {"maxReplicas": 4, "scaleTargetRef": {"kind": "Deployment", "name": "y"}}},
    ),
    "PersistentVolumeClaim": Case(
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
        {"spec": {"resources": {"requests": {"storage": "2Gi"}}}},
        {
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
            "status": {"phase": "Pending"},
        },
    ),
    "ResourceQuota": Case(
        {"spec": {"hard": {"pods": "1"}}},
        {"spec": {"hard": {"services": "2"}}},
        {"spec": {"hard": {"pods": "1", "services": "2"}}},
    ),
    "LimitRange": Case(
        {"spec": {"limits": [{"type": "Pod"}, {"type": "Container"}]}},
        {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
        {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
    ),
}
NATIVE = {kind.name: kind for kind in BUILTIN if is_native(kind)}


def test_every_native_kind_has_a_case() -> None:
    assert CASES.keys() == NATIVE.keys()


async def test_every_kind_merges_as_kubernetes_merges(api: Api) -> None:
    found: dict[str, Any] = {}
    async with api() as kubectl:
        objects = [_named(kind, case.obj) for kind, case in CASES.items()]
        await kubectl.ok("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        for obj in objects:
            kind, name = NATIVE[obj["kind"]], obj["metadata"]["name"]
            patch = json.dumps(CASES[kind.name].patch)
            done = await kubectl("patch", kind.qualified_plural, name, "--type=strategic", "-p", patch, "-o", "json")
            expected = CASES[kind.name].expected
            shown = _shown(json.loads(done.out), expected) if done.code == 0 else done.err
            if shown != expected:
                found[kind.name] = shown
    assert found == {}


def _named(kind: str, obj: Json) -> Json:
    metadata = {"name": "x", **obj.get("metadata", {})}
    return {**obj, "apiVersion": NATIVE[kind].api_version, "kind": kind, "metadata": metadata}


def _shown(value: Any, like: Any) -> Any:
    """Of the value, the fields that `like` has."""
    if isinstance(like, dict) and isinstance(value, dict):
        return {key: _shown(value.get(key), each) for key, each in like.items()}
    if isinstance(like, list) and isinstance(value, list) and len(like) == len(value):
        return [_shown(*pair) for pair in zip(value, like, strict=True)]
    return value
