"""Objects as a `meta.k8s.io/v1` Table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from gatelab.apiserver.tables import core, custom, pods, services, stored_only, workloads
from gatelab.apiserver.tables.cells import Column, age_column, name_column
from gatelab.kinds import builtin
from gatelab.kinds import stored_only as kinds
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object

IncludeObject = Literal["None", "Metadata", "Object"]

_COLUMNS: Mapping[Kind, Sequence[Column]] = {
    builtin.NAMESPACE: core.namespace_columns(),
    builtin.NODE: core.node_columns(),
    builtin.POD: pods.columns(),
    builtin.SERVICE: services.service_columns(),
    builtin.SECRET: core.secret_columns(),
    builtin.CONFIG_MAP: core.config_map_columns(),
    builtin.SERVICE_ACCOUNT: core.service_account_columns(),
    builtin.EVENT: core.event_columns(),
    builtin.DEPLOYMENT: workloads.deployment_columns(),
    builtin.REPLICA_SET: workloads.replica_set_columns(),
    builtin.STATEFUL_SET: workloads.stateful_set_columns(),
    builtin.DAEMON_SET: workloads.daemon_set_columns(),
    builtin.CONTROLLER_REVISION: workloads.controller_revision_columns(),
    builtin.ENDPOINT_SLICE: services.slice_columns(),
    builtin.CUSTOM_RESOURCE_DEFINITION: core.definition_columns(),
    builtin.VALIDATING_ADMISSION_POLICY: core.policy_columns(),
    builtin.VALIDATING_ADMISSION_POLICY_BINDING: core.policy_binding_columns(),
    builtin.GATEWAY_CLASS: custom.gateway_class_columns(),
    builtin.GATEWAY: custom.gateway_columns(),
    builtin.LISTENER_SET: custom.listener_set_columns(),
    builtin.GRPC_ROUTE: custom.route_columns(),
    builtin.HTTP_ROUTE: custom.route_columns(),
    builtin.CERTIFICATE: custom.certificate_columns(),
    builtin.ISSUER: custom.issuer_columns(),
    builtin.CLUSTER_ISSUER: custom.issuer_columns(),
    builtin.POD_METRICS: custom.pod_metrics_columns(),
    builtin.NODE_METRICS: custom.node_metrics_columns(),
    builtin.LEASE: stored_only.lease_columns(),
    kinds.ROLE: stored_only.role_columns(),
    kinds.ROLE_BINDING: stored_only.binding_columns(),
    kinds.CLUSTER_ROLE: stored_only.role_columns(),
    kinds.CLUSTER_ROLE_BINDING: stored_only.binding_columns(),
    kinds.POD_DISRUPTION_BUDGET: stored_only.budget_columns(),
    kinds.NETWORK_POLICY: stored_only.network_policy_columns(),
    kinds.HORIZONTAL_POD_AUTOSCALER: stored_only.autoscaler_columns(),
    kinds.PERSISTENT_VOLUME_CLAIM: stored_only.claim_columns(),
    kinds.RESOURCE_QUOTA: stored_only.quota_columns(),
    kinds.LIMIT_RANGE: stored_only.limit_range_columns(),
}
_PLAIN = (name_column(), age_column())


def columns_of(kind: Kind) -> Sequence[Column]:
    """The columns of the kind; name and age where it has none of its own."""
    return _COLUMNS.get(kind, _PLAIN)


def table(
    columns: Sequence[Column],
    objects: Iterable[Object],
    metadata: Mapping[str, Any],
    now: datetime,
    *,
    include: IncludeObject = "Metadata",
    headed: bool = True,
) -> dict[str, Any]:
    """The Table, with this `ListMeta`. Without `headed` it has no column definitions, as in a watch's later events."""
    definitions = [column.definition() for column in columns] if headed else None
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata),
        "columnDefinitions": definitions,
        "rows": [_row(columns, obj, now, include) for obj in objects],
    }


def _row(columns: Sequence[Column], obj: Object, now: datetime, include: IncludeObject) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": [column.cell(obj, now) for column in columns]}
    if include == "Metadata":
        row["object"] = partial(obj)
    elif include == "Object":
        row["object"] = obj
    return row


def partial(obj: Object) -> dict[str, Any]:
    """The object's metadata alone, as `PartialObjectMetadata`."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
