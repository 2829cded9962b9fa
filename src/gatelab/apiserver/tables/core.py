"""The columns of Namespaces, Nodes, Secrets, ConfigMaps, ServiceAccounts and Events."""

from collections.abc import Sequence
from datetime import datetime

from gatelab.apiserver.tables.cells import (
    NONE,
    UNKNOWN,
    Cell,
    Column,
    age_column,
    at,
    condition_field,
    field,
    joined,
    name_column,
    since,
)
from gatelab.kinds.objects import Object

_ROLE = "node-role.kubernetes.io/"


def namespace_columns() -> Sequence[Column]:
    return (name_column(), Column("Status", field("status", "phase")), age_column())


def node_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Status", _node_status),
        Column("Roles", _roles),
        age_column(),
        Column("Version", field("status", "nodeInfo", "kubeletVersion", absent="")),
        Column("Internal-IP", _address("InternalIP"), 1),
        Column("External-IP", _address("ExternalIP"), 1),
        Column("OS-Image", field("status", "nodeInfo", "osImage", absent=UNKNOWN), 1),
        Column("Kernel-Version", field("status", "nodeInfo", "kernelVersion", absent=UNKNOWN), 1),
        Column("Container-Runtime", field("status", "nodeInfo", "containerRuntimeVersion", absent=UNKNOWN), 1),
    )


def _node_status(node: Object, now: datetime) -> str:
    word = {"True": "Ready", "False": "NotReady"}.get(condition_field("Ready")(node, now), "Unknown")
    return f"{word},SchedulingDisabled" if at(node, "spec", "unschedulable") else word


def _roles(node: Object, _: datetime) -> str:
    labels = at(node, "metadata", "labels") or {}
    return joined(sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)))


def _address(type_: str) -> Cell:
    def cell(node: Object, _: datetime) -> str:
        found = [each["address"] for each in at(node, "status", "addresses") or () if each.get("type") == type_]
        return found[0] if found else NONE

    return cell


def secret_columns() -> Sequence[Column]:
    return (name_column(), Column("Type", field("type")), _count("Data", "data"), age_column())


def config_map_columns() -> Sequence[Column]:
    return (name_column(), _count("Data", "data", "binaryData"), age_column())


def service_account_columns() -> Sequence[Column]:
    return (name_column(), _count("Secrets", "secrets"), age_column())


def _count(name: str, *fields: str) -> Column:
    return Column(name, lambda obj, _: sum(len(obj.get(each) or ()) for each in fields), type="integer")


def event_columns() -> Sequence[Column]:
    return (
        Column("Last Seen", _last_seen),
        Column("Type", field("type")),
        Column("Reason", field("reason")),
        Column("Object", _involved),
        Column("Subobject", field("involvedObject", "fieldPath", absent=""), 1),
        Column("Source", _source, 1),
        Column("Message", lambda obj, _: (obj.get("message") or "").strip()),
        Column("First Seen", lambda obj, now: since(obj.get("firstTimestamp") or obj.get("eventTime"), now), 1),
        Column("Count", lambda obj, _: obj.get("count") or at(obj, "series", "count") or 1, 1, type="integer"),
        Column("Name", field("metadata", "name"), 1, format="name"),
    )


def _last_seen(event: Object, now: datetime) -> str:
    return since(at(event, "series", "lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime"), now)


def _involved(event: Object, _: datetime) -> str:
    kind, name = at(event, "involvedObject", "kind") or "", at(event, "involvedObject", "name") or ""
    return f"{kind.lower()}/{name}"


def _source(event: Object, _: datetime) -> str:
    component = at(event, "source", "component") or event.get("reportingComponent") or ""
    host = at(event, "source", "host")
    return f"{component}, {host}" if host else component


def definition_columns() -> Sequence[Column]:
    return (name_column(), Column("Created At", field("metadata", "creationTimestamp"), type="date"))


def policy_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Validations", lambda obj, _: len(at(obj, "spec", "validations") or ()), type="integer"),
        Column("ParamKind", _param_kind),
        age_column(),
    )


def _param_kind(policy: Object, _: datetime) -> str:
    kind = at(policy, "spec", "paramKind") or {}
    return f"{kind.get('apiVersion')}/{kind.get('kind')}" if kind else "<unset>"


def policy_binding_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("PolicyName", field("spec", "policyName", absent="")),
        Column("ParamRef", field("spec", "paramRef", "name", absent="<unset>")),
        age_column(),
    )
