"""HTTPRoute, the experimental channel's v1 (gateway-api.sigs.k8s.io/reference/spec)."""

from gatelab.kinds.schemas.build import HOSTNAME, Schema, array, boolean, fields, integer, text, whole
from gatelab.kinds.schemas.external_auth import external_auth
from gatelab.kinds.schemas.gateway import (
    GROUP_NAME,
    group,
    hostname,
    kind,
    name,
    namespace,
    port,
    section_name,
)
from gatelab.kinds.schemas.grpc_route import (
    HEADER_VALUE,
    backend_reference,
    default_gateways,
    header_modifier,
    mirror,
    parent_reference,
    route_status,
)
from gatelab.kinds.schemas.session_persistence import DURATION, session_persistence

_HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$"
_PRECISE_HOSTNAME = HOSTNAME.replace(r"(\*\.)?", "")
_ORIGIN = r"(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9\-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)"
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_MATCH_TYPES = ("Exact", "RegularExpression")
_PATH_TYPES = ("Exact", "PathPrefix", "RegularExpression")
_FILTER_TYPES = (
    "RequestHeaderModifier",
    "ResponseHeaderModifier",
    "RequestMirror",
    "RequestRedirect",
    "URLRewrite",
    "ExtensionRef",
    "CORS",
    "ExternalAuth",
)
_REDIRECTS = (301, 302, 303, 307, 308)


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    about = "Routes HTTP requests to backends."
    return {f"{GROUP_NAME}.HTTPRoute": whole(_spec(), route_status(), about, required=("spec",))}


def _spec() -> Schema:
    every = [{"matches": [_every_path()]}]
    return fields(
        {
            "useDefaultGateways": default_gateways(),
            "parentRefs": array(parent_reference(), "The Gateways to attach to.", most=32),
            "hostnames": array(hostname("A host, or a wildcard."), "The hosts; the listener's when empty.", most=16),
            "rules": array(_rule(), "The rules; the most specific match wins.", least=1, most=16, default=every),
        },
        "What is wanted.",
    )


def _every_path() -> dict[str, dict[str, str]]:
    return {"path": {"type": "PathPrefix", "value": "/"}}


def _rule() -> Schema:
    every = [_every_path()]
    return fields(
        {
            "name": section_name("The rule's name, unique in the route."),
            "matches": array(_match(), "Any of these matches.", most=64, default=every),
            "filters": array(_filter(), "What is done to requests and answers.", most=16),
            "backendRefs": array(_backend(), "Where requests go, by weight.", most=16),
            "timeouts": fields(
                {
                    "request": text("For the whole request, such as 10s; 0s is none.", pattern=DURATION),
                    "backendRequest": text("For each attempt at a backend.", pattern=DURATION),
                },
                "How long answers may take.",
            ),
            "retry": _retry(),
            "sessionPersistence": session_persistence(),
        }
    )


def _retry() -> Schema:
    code = integer("A status.", least=400, most=599)
    code.pop("format")
    attempts = integer("How often, beside the first attempt.", least=1)
    attempts.pop("format")
    return fields(
        {
            "codes": array(code, "Statuses after which to try again.", unique=True),
            "attempts": attempts,
            "backoff": text("How long to wait at least before trying again.", pattern=DURATION),
        },
        "When requests are sent again (GEP-1731).",
    )


def _match() -> Schema:
    path = fields(
        {
            "type": text("How to compare; prefixes are whole segments.", enum=_PATH_TYPES, default="PathPrefix"),
            "value": text("The path.", most=1024, default="/"),
        },
        "The path, without the query.",
        default=_every_path()["path"],
    )
    return fields(
        {
            "path": path,
            "headers": array(_named(4096, HEADER_VALUE), "All of these headers.", most=16, keys=("name",)),
            "queryParams": array(_named(1024), "All of these query parameters.", most=16, keys=("name",)),
            "method": text("The HTTP method.", enum=_METHODS),
        }
    )


def _named(most: int, pattern: str | None = None) -> Schema:
    return fields(
        {
            "type": text("How to compare.", enum=_MATCH_TYPES, default="Exact"),
            "name": text("Its name.", least=1, most=256, pattern=_HEADER_NAME),
            "value": text("Its value.", least=1, most=most, pattern=pattern),
        },
        required=("name", "value"),
    )


def _backend() -> Schema:
    return fields(
        {
            "group": group(""),
            "kind": kind("Service"),
            "name": name(),
            "namespace": namespace(),
            "port": port("The Service's port."),
            "weight": integer("Its part of the requests.", least=0, most=1_000_000, default=1),
            "filters": array(_filter(), "Filters of this backend.", most=16),
        },
        required=("name",),
    )


def _filter() -> Schema:
    extension = fields({"group": group(), "kind": kind(), "name": name()}, required=("group", "kind", "name"))
    precise = text("The host to send to.", least=1, most=253, pattern=_PRECISE_HOSTNAME)
    redirect = {
        "scheme": text("The scheme; the request's when empty.", enum=("http", "https")),
        "hostname": precise,
        "path": _path_modifier(),
        "port": port("The port; that of the scheme or of the listener when empty."),
        "statusCode": integer("The status of the answer.", default=302, bits=64) | {"enum": list(_REDIRECTS)},
    }
    redirect["statusCode"].pop("format")
    return fields(
        {
            "type": text("The kind of filter.", enum=_FILTER_TYPES),
            "requestHeaderModifier": header_modifier(),
            "responseHeaderModifier": header_modifier(),
            "requestMirror": mirror(),
            "requestRedirect": fields(redirect, "An answer that sends the client elsewhere."),
            "urlRewrite": fields({"hostname": precise, "path": _path_modifier()}, "Changes of host and path."),
            "cors": _cors(),
            "externalAuth": external_auth(fields(backend_reference(), required=("name",))),
            "extensionRef": extension,
        },
        required=("type",),
    )


def _path_modifier() -> Schema:
    return fields(
        {
            "type": text("What is replaced.", enum=("ReplaceFullPath", "ReplacePrefixMatch")),
            "replaceFullPath": text("The new path.", most=1024),
            "replacePrefixMatch": text("What takes the place of the matched prefix.", most=1024),
        },
        "Changes of the path.",
        required=("type",),
    )


def _cors() -> Schema:
    header = text(least=1, most=256, pattern=_HEADER_NAME)
    origin = text(least=1, most=253, pattern=_ORIGIN)
    return fields(
        {
            "allowOrigins": array(origin, "Origins whose scripts may read answers.", most=64, unique=True),
            "allowMethods": array(text(enum=(*_METHODS, "*")), "Methods that they may use.", most=9, unique=True),
            "allowHeaders": array(header, "Headers that they may send.", most=64, unique=True),
            "exposeHeaders": array(header, "Headers that they may read.", most=64, unique=True),
            "allowCredentials": boolean("Whether credentials may be sent."),
            "maxAge": integer("Seconds for which a preflight's answer holds.", least=1, default=5),
        },
        "Cross-origin requests.",
    )
