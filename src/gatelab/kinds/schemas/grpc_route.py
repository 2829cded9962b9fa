"""GRPCRoute, the experimental channel's v1 (gateway-api.sigs.k8s.io/reference/spec)."""

from gatelab.kinds.schemas.build import Schema, array, conditions, fields, integer, text, whole
from gatelab.kinds.schemas.gateway import (
    GROUP_NAME,
    controller_name,
    group,
    hostname,
    kind,
    name,
    namespace,
    port,
    section_name,
)
from gatelab.kinds.schemas.session_persistence import session_persistence

_HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$"
HEADER_VALUE = r"^[!-~]+([\t ]?[!-~]+)*$"
_MATCH_TYPES = ("Exact", "RegularExpression")
_FILTER_TYPES = ("ResponseHeaderModifier", "RequestHeaderModifier", "RequestMirror", "ExtensionRef")


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    return {
        f"{GROUP_NAME}.GRPCRoute": whole(_spec(), route_status(), "Routes gRPC calls to backends.", required=("spec",))
    }


def parent_reference() -> Schema:
    """What a route wants to attach to; shared by all kinds of routes."""
    return fields(
        {
            "group": group(GROUP_NAME),
            "kind": kind("Gateway"),
            "namespace": namespace(),
            "name": name(),
            "sectionName": section_name("One listener of the Gateway; every one when empty."),
            "port": port("The listeners on this port only."),
        },
        required=("name",),
    )


def default_gateways() -> Schema:
    """`useDefaultGateways` (GEP-3793); shared by all kinds of routes."""
    return text("Whether the route attaches to default Gateways too.", enum=("All", "None"))


def route_status() -> Schema:
    """The status of a route; shared by all kinds of routes."""
    parent = fields(
        {
            "parentRef": parent_reference(),
            "controllerName": controller_name(),
            "conditions": conditions() | {"minItems": 1},
        },
        required=("parentRef", "controllerName", "conditions"),
    )
    parents = array(parent, "The route's state, parent by parent.", most=32)
    return fields({"parents": parents}, "What is the case.", required=("parents",))


def _spec() -> Schema:
    return fields(
        {
            "useDefaultGateways": default_gateways(),
            "parentRefs": array(parent_reference(), "The Gateways to attach to.", most=32),
            "hostnames": array(hostname("A host, or a wildcard."), "The hosts; the listener's when empty.", most=16),
            "rules": array(_rule(), "The rules; the most specific match wins.", most=16),
        },
        "What is wanted.",
    )


def _rule() -> Schema:
    return fields(
        {
            "name": section_name("The rule's name, unique in the route."),
            "matches": array(_match(), "Any of these matches; every call when empty.", most=64),
            "filters": array(_filter(), "What is done to calls and answers.", most=16),
            "backendRefs": array(_backend(), "Where calls go, by weight.", most=16),
            "sessionPersistence": session_persistence(),
        }
    )


def _match() -> Schema:
    method = fields(
        {
            "type": text("How to compare.", enum=_MATCH_TYPES, default="Exact"),
            "service": text("The service, with its package.", most=1024),
            "method": text("The method.", most=1024),
        },
        "The gRPC service and method.",
    )
    header = fields(
        {
            "type": text("How to compare.", enum=_MATCH_TYPES, default="Exact"),
            "name": text("The header, without regard to case.", least=1, most=256, pattern=_HEADER_NAME),
            "value": text("Its value.", least=1, most=4096),
        },
        required=("name", "value"),
    )
    return fields({"method": method, "headers": array(header, "All of these.", most=16, keys=("name",))})


def backend_reference() -> dict[str, Schema]:
    """The fields of a reference to a backend; shared by all kinds of routes."""
    return {
        "group": group(""),
        "kind": kind("Service"),
        "name": name(),
        "namespace": namespace(),
        "port": port("The Service's port."),
    }


def _backend() -> Schema:
    weight = integer("Its part of the calls.", least=0, most=1_000_000, default=1)
    weighted = {
        **backend_reference(),
        "weight": weight,
        "filters": array(_filter(), "Filters of this backend.", most=16),
    }
    return fields(weighted, required=("name",))


def header_modifier() -> Schema:
    """Changes of headers; shared by all kinds of routes."""
    header = fields(
        {
            "name": text(least=1, most=256, pattern=_HEADER_NAME),
            "value": text(least=1, most=4096, pattern=HEADER_VALUE),
        },
        required=("name", "value"),
    )
    return fields(
        {
            "set": array(header, "Replaced or added.", most=16, keys=("name",)),
            "add": array(header, "Added.", most=16, keys=("name",)),
            "remove": array(text(), "Removed.", most=16, unique=True),
        }
    )


def mirror() -> Schema:
    """A copy of the requests for another backend; shared by all kinds of routes."""
    fraction = fields(
        {"numerator": integer(least=0), "denominator": integer(least=1, default=100)}, required=("numerator",)
    )
    return fields(
        {
            "backendRef": fields(backend_reference(), required=("name",)),
            "percent": integer("Per cent of the calls.", least=0, most=100),
            "fraction": fraction,
        },
        required=("backendRef",),
    )


def _filter() -> Schema:
    extension = fields({"group": group(), "kind": kind(), "name": name()}, required=("group", "kind", "name"))
    return fields(
        {
            "type": text("The kind of filter.", enum=_FILTER_TYPES),
            "requestHeaderModifier": header_modifier(),
            "responseHeaderModifier": header_modifier(),
            "requestMirror": mirror(),
            "extensionRef": extension,
        },
        required=("type",),
    )
