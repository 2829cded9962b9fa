"""BackendTLSPolicy, the experimental channel (GEP-1897; gateway-api.sigs.k8s.io/reference/spec)."""

from gatelab.kinds.schemas.build import DNS_SUBDOMAIN, HOSTNAME, Schema, array, conditions, fields, mapping, text, whole
from gatelab.kinds.schemas.gateway import GROUP_NAME, controller_name, group, kind, name, section_name
from gatelab.kinds.schemas.grpc_route import parent_reference

_PRECISE_HOSTNAME = HOSTNAME.replace(r"(\*\.)?", "")
_URI = r"^(([^:/?#]+):)(//([^/?#]*))([^?#]*)(\?([^#]*))?(#(.*))?"
_WELL_KNOWN = rf"^(System|({DNS_SUBDOMAIN[1:-1]}/([A-Za-z0-9][-A-Za-z0-9_.]{{0,61}})?[A-Za-z0-9]))$"


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    about = "How Gateways speak TLS to a Service."
    return {f"{GROUP_NAME}.BackendTLSPolicy": whole(_spec(), _status(), about, required=("spec",))}


def _spec() -> Schema:
    named = {"group": group(), "kind": kind(), "name": name()}
    target = {**named, "sectionName": section_name("The name of one port; every one when empty.")}
    required = ("group", "kind", "name")
    return fields(
        {
            "targetRefs": array(fields(target, required=required), "The Services.", least=1, most=16),
            "validation": _validation(fields(named, required=required)),
            "options": mapping(text(most=4096), "Options of the implementation.", most=16),
        },
        "What is wanted.",
        required=("targetRefs", "validation"),
    )


def _validation(authority: Schema) -> Schema:
    uri = text("The URI.", least=1, most=253, pattern=_URI)
    name_of_peer = fields(
        {
            "type": text("The kind of name.", enum=("Hostname", "URI")),
            "hostname": text("The host, or a wildcard.", least=1, most=253, pattern=HOSTNAME),
            "uri": uri,
        },
        required=("type",),
    )
    return fields(
        {
            "caCertificateRefs": array(authority, "The CAs: ConfigMaps with ca.crt.", most=8),
            "wellKnownCACertificates": text("Known CAs: System.", least=1, most=253, pattern=_WELL_KNOWN),
            "hostname": text("The name asked for and compared.", least=1, most=253, pattern=_PRECISE_HOSTNAME),
            "subjectAltNames": array(name_of_peer, "Names compared instead.", most=5),
        },
        "How the backend's certificate is judged.",
        required=("hostname",),
    )


def _status() -> Schema:
    ancestor = fields(
        {
            "ancestorRef": parent_reference(),
            "controllerName": controller_name(),
            "conditions": conditions() | {"minItems": 1},
        },
        required=("ancestorRef", "controllerName", "conditions"),
    )
    ancestors = array(ancestor, "The policy's state, Gateway by Gateway.", most=16)
    return fields({"ancestors": ancestors}, "What is the case.", required=("ancestors",))
