"""The columns of Gateway API, cert-manager and metrics kinds, as their CustomResourceDefinitions name them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from gatelab.apiserver.tables.cells import Column, age_column, at, condition_field, field, name_column
from gatelab.kinds.objects import Object
from gatelab.kinds.quantity import format_cpu, format_memory, parse_quantity


def gateway_class_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Controller", field("spec", "controllerName")),
        Column("Accepted", condition_field("Accepted")),
        age_column(),
        Column("Description", field("spec", "description"), 1),
    )


def gateway_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Class", field("spec", "gatewayClassName")),
        Column("Address", _first_address),
        Column("Programmed", condition_field("Programmed")),
        age_column(),
    )


def _first_address(gateway: Object, _: datetime) -> str | None:
    addresses = at(gateway, "status", "addresses") or ()
    return addresses[0].get("value") if addresses else None


def listener_set_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Accepted", condition_field("Accepted")),
        Column("Programmed", condition_field("Programmed")),
        age_column(),
    )


def route_columns() -> Sequence[Column]:
    return (name_column(), Column("Hostnames", _hostnames), age_column())


def _hostnames(route: Object, _: datetime) -> str | None:
    hostnames = at(route, "spec", "hostnames")
    return msgspec.json.encode(hostnames).decode() if hostnames else None


def certificate_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Ready", condition_field("Ready")),
        Column("Secret", field("spec", "secretName")),
        Column("Issuer", field("spec", "issuerRef", "name"), 1),
        Column("Status", condition_field("Ready", "message"), 1),
        age_column(),
    )


def issuer_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Ready", condition_field("Ready")),
        Column("Status", condition_field("Ready", "message"), 1),
        age_column(),
    )


def pod_metrics_columns() -> Sequence[Column]:
    return _metrics(lambda obj: [each.get("usage") or {} for each in obj.get("containers") or ()])


def node_metrics_columns() -> Sequence[Column]:
    return _metrics(lambda obj: [obj.get("usage") or {}])


def _metrics(usages: Callable[[Object], Sequence[Mapping[str, str]]]) -> Sequence[Column]:
    def total(obj: Object, resource: str) -> Decimal:
        return sum((parse_quantity(each.get(resource, "0")) for each in usages(obj)), Decimal(0))

    return (
        name_column(),
        Column("CPU", lambda obj, _: format_cpu(float(total(obj, "cpu")))),
        Column("Memory", lambda obj, _: format_memory(int(total(obj, "memory")))),
        Column("Window", field("window")),
    )
