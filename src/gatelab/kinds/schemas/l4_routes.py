"""TLSRoute, TCPRoute and UDPRoute, the experimental channel (gateway-api.sigs.k8s.io/reference/spec).

What is v1 now was v1alpha2 and v1alpha3 before: with up to 16 rules of which each had the same matches, and TLSRoutes
without hostnames.
"""

from gatelab.kinds.schemas.build import Schema, array, fields, integer, whole
from gatelab.kinds.schemas.gateway import GROUP_NAME, hostname, section_name
from gatelab.kinds.schemas.grpc_route import backend_reference, default_gateways, parent_reference, route_status

_MOST_RULES_OF_ALPHA = 16
_ABOUT = {
    "TLSRoute": "Routes TLS connections to backends, by the name that the client asks for.",
    "TCPRoute": "Routes TCP connections to backends.",
    "UDPRoute": "Routes UDP datagrams to backends.",
}


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name; `@` stands before a version with a schema of its own."""
    found = {}
    for name in ("TCPRoute", "UDPRoute"):
        found[name] = _route(name, {}, rules=1)
        found[f"{name}@v1alpha2"] = _route(name, {}, rules=_MOST_RULES_OF_ALPHA)
    hostnames = array(_hostname(), "The names; connections to one of them.", least=1, most=1024)
    optional = array(_hostname(), "The names; the listener's when empty.", most=1024)
    found["TLSRoute"] = _route("TLSRoute", {"hostnames": hostnames}, rules=1, required=("hostnames", "rules"))
    found["TLSRoute@v1alpha2"] = _route("TLSRoute", {"hostnames": optional}, rules=_MOST_RULES_OF_ALPHA)
    return {f"{GROUP_NAME}.{name}": schema for name, schema in found.items()}


def _hostname() -> Schema:
    return hostname("A name, or a wildcard.")


def _route(kind: str, more: dict[str, Schema], *, rules: int, required: tuple[str, ...] = ("rules",)) -> Schema:
    spec = fields(
        {
            "useDefaultGateways": default_gateways(),
            "parentRefs": array(parent_reference(), "The Gateways to attach to.", most=32),
            **more,
            "rules": array(_rule(), "Where connections go.", least=1, most=rules),
        },
        "What is wanted.",
        required=required,
    )
    return whole(spec, route_status(), _ABOUT[kind], required=("spec",))


def _rule() -> Schema:
    weight = integer("Its part of the connections.", least=0, most=1_000_000, default=1)
    backend = fields({**backend_reference(), "weight": weight}, required=("name",))
    return fields(
        {
            "name": section_name("The rule's name, unique in the route."),
            "backendRefs": array(backend, "Where connections go, by weight.", least=1, most=16),
        },
        required=("backendRefs",),
    )
