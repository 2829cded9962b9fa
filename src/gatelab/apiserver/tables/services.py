"""The columns of Services and EndpointSlices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.apiserver.tables.cells import (
    NONE,
    Column,
    age_column,
    at,
    field,
    joined,
    labels_shown,
    name_column,
)
from gatelab.kinds.objects import Object

_SHOWN_ENDPOINTS = 3


def service_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Type", field("spec", "type")),
        Column("Cluster-IP", lambda obj, _: at(obj, "spec", "clusterIP") or NONE),
        Column("External-IP", _external_ip),
        Column("Port(s)", lambda obj, _: joined(_port(each) for each in at(obj, "spec", "ports") or ())),
        age_column(),
        Column("Selector", lambda obj, _: labels_shown(at(obj, "spec", "selector")), 1),
    )


def _port(port: Mapping[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node_port}/{port.get('protocol', 'TCP')}"


def _external_ip(service: Object, _: datetime) -> str:
    type_ = at(service, "spec", "type")
    if type_ == "ExternalName":
        return str(at(service, "spec", "externalName") or NONE)
    wanted = at(service, "spec", "externalIPs") or ()
    if type_ != "LoadBalancer":
        return joined(wanted)
    ingress = at(service, "status", "loadBalancer", "ingress") or ()
    return joined([*(each.get("ip") or each.get("hostname") for each in ingress), *wanted], "<pending>")


def slice_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("AddressType", field("addressType")),
        Column("Ports", _slice_ports),
        Column("Endpoints", _endpoints),
        age_column(),
    )


def _slice_ports(obj: Object, _: datetime) -> str:
    ports = [str(each.get("port", "*")) for each in obj.get("ports") or ()]
    return _cut(ports) if ports else "<unset>"


def _endpoints(obj: Object, _: datetime) -> str:
    addresses = [address for each in obj.get("endpoints") or () for address in each.get("addresses") or ()]
    return _cut(addresses) if addresses else "<unset>"


def _cut(values: Sequence[str]) -> str:
    more = len(values) - _SHOWN_ENDPOINTS
    shown = ",".join(values[:_SHOWN_ENDPOINTS])
    return f"{shown} + {more} more..." if more > 0 else shown
