"""Tables of Leases and of the kinds that are stored and not acted on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gatelab.apiserver.tables.table import columns_of, table
from gatelab.kinds import stored_only
from gatelab.kinds.builtin import LEASE
from gatelab.kinds.kind import Kind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SUBJECTS = [{"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "name": "a", "namespace": "n"}]
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def shown(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    (row,) = table(columns_of(kind), [{"metadata": {"name": "x"}, **obj}], {}, NOW)["rows"]
    return dict(zip((column.name for column in columns_of(kind)), row["cells"], strict=True))


@pytest.mark.parametrize(
    ("kind", "obj", "cells"),
    [
        (LEASE, {"spec": {"holderIdentity": "me"}}, {"Holder": "me"}),
        (
            stored_only.ROLE_BINDING,
            {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": SUBJECTS},
            {"Role": "ClusterRole/view", "Users": "ann", "ServiceAccounts": "n/a", "Groups": ""},
        ),
        (stored_only.POD_DISRUPTION_BUDGET, {"spec": {"minAvailable": "50%"}}, {"Min Available": "50%"}),
        (stored_only.NETWORK_POLICY, {"spec": {"podSelector": {}}}, {"Pod-Selector": "<none>"}),
        (
            stored_only.HORIZONTAL_POD_AUTOSCALER,
            {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "metrics": [CPU], "maxReplicas": 3}},
            {"Reference": "Deployment/d", "Targets": "cpu: <unknown>/80%", "MinPods": "<unset>", "MaxPods": 3},
        ),
        (
            stored_only.PERSISTENT_VOLUME_CLAIM,
            {"status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}},
            {"Status": "Bound", "Access Modes": "RWO", "Capacity": "1Gi"},
        ),
        (
            stored_only.RESOURCE_QUOTA,
            {"status": {"hard": {"pods": "4", "limits.cpu": "2"}, "used": {"pods": "1"}}},
            {"Request": "pods: 1/4", "Limit": "limits.cpu: 0/2"},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Kind) else "",
)
def test_columns(kind: Kind, obj: dict[str, Any], cells: dict[str, Any]) -> None:
    assert cells.items() <= shown(kind, obj).items()
