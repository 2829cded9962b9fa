"""GatewayClass and Gateway, the experimental channel's v1 (gateway-api.sigs.k8s.io/reference/spec)."""

from typing import Any

from gatelab.kinds.schemas.build import (
    DNS_SUBDOMAIN,
    GROUP,
    HOSTNAME,
    KIND,
    LABEL,
    Schema,
    array,
    conditions,
    fields,
    integer,
    mapping,
    pending,
    ref,
    text,
    whole,
)

GROUP_NAME = "gateway.networking.k8s.io"
_CONTROLLER = DNS_SUBDOMAIN[:-1] + r"\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$"
_PROTOCOL = rf"^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|{DNS_SUBDOMAIN[1:-1]}\/[A-Za-z0-9]+$"
_ADDRESS = rf"^Hostname|IPAddress|NamedAddress|{_CONTROLLER[1:]}"
_LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"


def group(default: str | None = None) -> Schema:
    return text("The API group.", most=253, pattern=GROUP, default=default)


def kind(default: str | None = None) -> Schema:
    return text("The kind.", least=1, most=63, pattern=KIND, default=default)


def name() -> Schema:
    return text("The name.", least=1, most=253)


def namespace() -> Schema:
    return text("The namespace; that of the referring object when empty.", least=1, most=63, pattern=LABEL)


def section_name(about: str = "The name of a section.") -> Schema:
    return text(about, least=1, most=253, pattern=DNS_SUBDOMAIN)


def port(about: str = "A port number.") -> Schema:
    return integer(about, least=1, most=65535)


def hostname(about: str) -> Schema:
    return text(about, least=1, most=253, pattern=HOSTNAME)


def controller_name() -> Schema:
    return text("The controller, as domain/path.", least=1, most=253, pattern=_CONTROLLER)


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    return {
        f"{GROUP_NAME}.GatewayClass": whole(_class_spec(), _class_status(), "A class of Gateways.", required=("spec",)),
        f"{GROUP_NAME}.Gateway": whole(_spec(), _status(), "A data plane, with its listeners.", required=("spec",)),
    }


def _class_spec() -> Schema:
    reference = {"group": group(), "kind": kind(), "name": name(), "namespace": namespace()}
    return fields(
        {
            "controllerName": controller_name(),
            "description": text("What the class is for.", most=64),
            "parametersRef": fields(reference, "Settings of the class.", required=("group", "kind", "name")),
        },
        "What is wanted of the class.",
        required=("controllerName",),
    )


def _class_status() -> Schema:
    feature = fields({"name": text("The feature's name.")}, required=("name",))
    return fields(
        {
            "conditions": conditions(default=pending("Accepted")),
            "supportedFeatures": array(feature, "What the controller supports.", most=64, keys=("name",)),
        },
        "What is the case.",
        default={"conditions": pending("Accepted")},
    )


def _spec() -> Schema:
    return fields(
        {
            "gatewayClassName": text("The GatewayClass.", least=1, most=253),
            "listeners": array(listener(), "The listeners.", least=1, most=64, keys=("name",)),
            "addresses": array(_address(wanted=True), "Addresses asked for.", most=16),
            "infrastructure": _infrastructure(),
            "allowedListeners": fields({"namespaces": _namespaces("None", "All", "Selector", "Same", "None")}),
            "tls": _gateway_tls(),
            "defaultScope": text("Whether routes may attach without naming it.", enum=("All", "None")),
        },
        "What is wanted.",
        required=("gatewayClassName", "listeners"),
    )


def _address(*, wanted: bool) -> Schema:
    value = text("The address.", most=253) if wanted else text("The address.", least=1, most=253)
    kind_of_address = text("The kind of address.", least=1, most=253, pattern=_ADDRESS, default="IPAddress")
    return fields({"type": kind_of_address, "value": value}, required=() if wanted else ("value",))


def _infrastructure() -> Schema:
    reference = {"group": group(), "kind": kind(), "name": name()}
    return fields(
        {
            "labels": mapping(text(most=63, pattern=_LABEL_VALUE), "Labels of what is made.", most=8),
            "annotations": mapping(text(most=4096), "Annotations of what is made.", most=16),
            "parametersRef": fields(reference, "Settings of the Gateway.", required=("group", "kind", "name")),
        },
        "Marks on the objects made for the Gateway.",
    )


def _namespaces(default: str, *enum: str) -> Schema:
    return fields(
        {
            "from": text("From which namespaces.", enum=enum, default=default),
            "selector": ref("meta_v1.LabelSelector", "Labels of the namespaces, for Selector."),
        },
        "From where.",
        default={"from": default},
    )


def listener() -> Schema:
    """A listener; shared by Gateways and ListenerSets."""
    return fields(
        {
            "name": section_name("The listener's name, unique in the Gateway."),
            "hostname": hostname("The hosts served: a name or a wildcard; every one when empty."),
            "port": port("The port listened on."),
            "protocol": text("HTTP, HTTPS, TLS, TCP or UDP.", least=1, most=255, pattern=_PROTOCOL),
            "tls": _listener_tls(),
            "allowedRoutes": _allowed_routes(),
        },
        required=("name", "port", "protocol"),
    )


def _allowed_routes() -> Schema:
    return fields(
        {
            "kinds": array(_route_kind(), "Kinds of routes; those of the protocol when empty.", most=8),
            "namespaces": _namespaces("Same", "All", "Selector", "Same"),
        },
        "The routes that may attach.",
        default={"namespaces": {"from": "Same"}},
    )


def _route_kind() -> Schema:
    return fields({"group": group(GROUP_NAME), "kind": kind()}, required=("kind",))


def _reference(default_kind: str | None, *required: str) -> Schema:
    group_of_it = group("") if default_kind else group()
    properties = {"group": group_of_it, "kind": kind(default_kind), "name": name(), "namespace": namespace()}
    return fields(properties, required=required or ("name",))


def _listener_tls() -> Schema:
    return fields(
        {
            "mode": text("Who ends TLS.", enum=("Terminate", "Passthrough"), default="Terminate"),
            "certificateRefs": array(_reference("Secret"), "The certificates, for Terminate.", most=64),
            "options": mapping(text(most=4096), "Options of the implementation.", most=16),
        },
        "How TLS is served.",
    )


def _gateway_tls() -> Schema:
    authority = array(_reference(None, "group", "kind", "name"), "The CAs of clients.", least=1, most=16)
    modes = ("AllowValidOnly", "AllowInsecureFallback")
    validation = fields(
        {"caCertificateRefs": authority, "mode": text(enum=modes, default="AllowValidOnly")},
        "How client certificates are judged.",
        required=("caCertificateRefs",),
    )
    settings = fields({"validation": validation})
    per_port = fields({"port": port(), "tls": settings}, required=("port", "tls"))
    frontend: dict[str, Any] = {"default": settings, "perPort": array(per_port, most=64, keys=("port",))}
    return fields(
        {
            "backend": fields({"clientCertificateRef": _reference("Secret")}, "TLS towards backends."),
            "frontend": fields(frontend, "TLS towards clients.", required=("default",)),
        },
        "TLS of the whole Gateway.",
    )


def listener_status() -> Schema:
    """The state of a listener; shared by Gateways and ListenerSets."""
    return fields(
        {
            "name": section_name(),
            "attachedRoutes": integer("Routes attached."),
            "supportedKinds": array(_route_kind(), "Kinds of routes that may attach.", most=8),
            "conditions": conditions(),
        },
        required=("name", "attachedRoutes", "conditions"),
    )


def _status() -> Schema:
    return fields(
        {
            "addresses": array(_address(wanted=False), "Addresses in use.", most=16),
            "attachedListenerSets": integer("ListenerSets attached."),
            "conditions": conditions(default=pending("Accepted", "Programmed")),
            "listeners": array(listener_status(), "The state of each listener.", most=64, keys=("name",)),
        },
        "What is the case.",
        default={"conditions": pending("Accepted", "Programmed")},
    )
