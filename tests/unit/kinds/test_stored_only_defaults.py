"""What is written into new objects of kinds that nothing acts on."""

from typing import Any

import pytest

from gatelab.kinds import stored_only
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind

RBAC = "rbac.authorization.k8s.io"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
USER = {"kind": "User", "name": "u"}
ACCOUNT = {"kind": "ServiceAccount", "name": "a", "namespace": "n"}


@pytest.mark.parametrize(
    ("kind", "obj", "complete"),
    [
        (
            stored_only.PERSISTENT_VOLUME_CLAIM,
            {"spec": {"accessModes": ["ReadWriteOnce"]}},
            {
                "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"},
                "status": {"phase": "Pending"},
            },
        ),
        (
            stored_only.HORIZONTAL_POD_AUTOSCALER,
            {"spec": {"maxReplicas": 3}},
            {"spec": {"maxReplicas": 3, "minReplicas": 1, "metrics": [CPU]}},
        ),
        (
            stored_only.ROLE_BINDING,
            {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [USER, ACCOUNT]},
            {
                "roleRef": {"kind": "Role", "name": "r", "apiGroup": RBAC},
                "subjects": [{**USER, "apiGroup": RBAC}, ACCOUNT],
            },
        ),
        (
            stored_only.NETWORK_POLICY,
            {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 80}]}, {"to": []}]}},
            {
                "spec": {
                    "podSelector": {},
                    "egress": [{"ports": [{"port": 80, "protocol": "TCP"}]}, {"to": []}],
                    "policyTypes": ["Ingress", "Egress"],
                }
            },
        ),
        (
            stored_only.LIMIT_RANGE,
            {
                "spec": {
                    "limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}, {"type": "Pod"}]
                }
            },
            {
                "spec": {
                    "limits": [
                        {
                            "type": "Container",
                            "max": {"cpu": "2"},
                            "min": {"memory": "1Mi"},
                            "default": {"cpu": "2"},
                            "defaultRequest": {"cpu": "2", "memory": "1Mi"},
                        },
                        {"type": "Pod"},
                    ]
                }
            },
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Kind) else "",
)
def test_a_new_object_is_completed_once(kind: Kind, obj: dict[str, Any], complete: dict[str, Any]) -> None:
    assert with_defaults(kind, obj) == complete
    assert with_defaults(kind, complete) == complete
