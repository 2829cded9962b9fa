"""CORS: what scripts of other origins may do (GEP-1767; HTTPRoute API, `HTTPCORSFilter`).

An origin is `scheme://host[:port]`. "`*` is a greedy match to the left, including any number of DNS labels"; alone it
is every host, and the whole of an origin every origin. A port that is left out is that of the scheme, which browsers do
not write.
"""

import re

from gatelab.gateway.translate.header_matches import header_name
from gatelab.gateway.translate.unsupported import Unsupported, brief
from gatelab.kinds.gatewayapi import Cors
from gatelab.proxy import model

_ORIGIN = re.compile(r"(https?)://(\*(?=:|$)|(?:\*\.)?[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HOST = r"(?:[^/:@\[\]]+|\[[0-9a-f:.]+\])"
_LABELS = r"[^/:@\[\]]+\."
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"})


def translated(cors: Cors) -> model.Cors:
    """The filter in the proxy's words. Without origins none is allowed. Raises Unsupported."""
    for index, method in enumerate(cors.allow_methods):
        if method not in _METHODS:
            raise Unsupported(f"cors.allowMethods[{index}] {method!r} is no method of HTTP; remove it")
    if cors.max_age < 1:
        raise Unsupported(f"cors.maxAge {cors.max_age} is less than 1 second; write 1 or more")
    exposed = _headers("exposeHeaders", cors.expose_headers)
    return model.Cors(
        origins=tuple(_origin(f"cors.allowOrigins[{index}]", each) for index, each in enumerate(cors.allow_origins)),
        methods=cors.allow_methods,
        headers=_headers("allowHeaders", cors.allow_headers),
        # "If allowCredentials is set to true, the gateway cannot use the `*`": for the browser it were a plain name.
        exposed_headers=tuple(each for each in exposed if each != "*" or not cors.allow_credentials),
        credentials=cors.allow_credentials,
        max_age_s=cors.max_age,
    )


def _headers(field: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(header_name(f"cors.{field}[{index}]", each) for index, each in enumerate(names)))


def _origin(field: str, origin: str) -> str:
    """The expression for it. Browsers write schemes and hosts in lower case (URL standard)."""
    if origin == "*":
        return ".*"
    found = _ORIGIN.fullmatch(origin)
    if not found:
        raise Unsupported(
            f"{field} {brief(origin)!r} is not an origin; write it as https://example.com or https://*.example.com"
        )
    scheme, host, port = found.groups()
    return f"{scheme}://{_host(host.lower())}{_port(scheme, port)}"


def _host(host: str) -> str:
    if host == "*":
        return _HOST
    if host.startswith("*."):
        return _LABELS + re.escape(host.removeprefix("*."))
    return re.escape(host)


def _port(scheme: str, port: str | None) -> str:
    default = _DEFAULT_PORTS[scheme]
    return f"(?::{default})?" if port in (None, default) else f":{port}"
