"""Objects of the Gateway API as a careless or hostile user may write them, the same for the same `Whim`.

What is near the truth, with something absurd in a few places (`absurd_values`): references to nothing, listeners that
conflict, filters that contradict each other, certificates that do not belong together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from absurd_surroundings import NAMESPACE, changed_surrounding, placed
from absurd_values import (
    Make,
    Whim,
    cookies,
    cors_methods,
    distinct,
    durations,
    expressions,
    fields,
    header_values,
    headers,
    hosts,
    methods,
    names_of_methods,
    origins,
    paths,
    plain_hosts,
    ports,
    rarely,
    service_ports,
    services,
    some,
    values,
    weights,
)
from gatelab.kinds.builtin import BUILTIN
from manifest_strategies import manifest, odd

GATEWAYS = ("g0", "g1")
"""Few, as each is an Envoy."""
INNOCENT = {"name": "front", "namespace": "default"}
"""A Gateway that somebody else uses, and that lets routes and ListenerSets of every namespace in."""
_NAMES = ("a", "b", "c", "d", "e", "f")
_services = values("one", "two", "headless", "tls", "nobody")
_secrets = values("good", "good", "mixed", "garbage", "empty", "nobody")
_own_gateways = values(*GATEWAYS, "nobody")
_sections = values("l0", "l1", "open", "plain", "nope")


def _parent(whim: Whim) -> dict[str, Any]:
    of_own: Make = lambda each: {"name": _own_gateways(each)}  # noqa: E731
    of_set: Make = lambda each: {"kind": "ListenerSet", "name": each.choice(_NAMES)}  # noqa: E731
    found: dict[str, Any] = whim.choice([lambda _: dict(INNOCENT), of_own, of_own, of_set])(whim)
    found |= fields(whim, 0.1, sectionName=_sections, port=ports)
    groups, kinds = values("", "x.org"), values("Gateway", "Service", "Mesh", "ListenerSet")
    return found | rarely(whim, namespace=values("default", "nobody"), group=groups, kind=kinds)


def _parents(whim: Whim) -> list[dict[str, Any]]:
    found = some(whim, 2, _parent, 1)
    return found if whim.random() < whim.absurdity else list({repr(each): each for each in found}.values())


def _backend(whim: Whim) -> dict[str, Any]:
    found = {"name": _services(whim), "port": service_ports(whim), **fields(whim, 0.3, weight=weights)}
    found |= fields(whim, 0.05, namespace=values("default", "nobody"))
    groups, kinds = values("", "x.org"), values("Bucket", "Pod")
    return found | rarely(whim, kind=kinds, group=groups, filters=_filters)


def _changes(whim: Whim) -> dict[str, Any]:
    header: Make = lambda each: {"name": headers(each), "value": header_values(each)}  # noqa: E731
    many: Make = lambda each: distinct(each, 2, header, "name")  # noqa: E731
    return fields(whim, 0.5, set=many, add=many, remove=lambda each: list({*some(each, 2, headers)}))


def _path_change(whim: Whim) -> dict[str, Any]:
    type_ = whim.choice(["ReplaceFullPath", "ReplacePrefixMatch"])
    field = type_ if whim.random() > whim.absurdity else "ReplaceFullPath"
    return {"type": type_, field[0].lower() + field[1:]: paths(whim)}


def _redirect(whim: Whim) -> dict[str, Any]:
    status = values(301, 302, 303, 307, 308, odd=[200, 0])
    scheme = values("http", "https", odd=["ftp", ""])
    return fields(whim, 0.4, scheme=scheme, hostname=plain_hosts, port=ports, path=_path_change, statusCode=status)


def _mirror(whim: Whim) -> dict[str, Any]:
    fraction = values({"numerator": 1}, {"numerator": 1, "denominator": 3}, odd=[{"numerator": 1, "denominator": 0}])
    part = whim.choice([{}, {"percent": values(0, 1, 100, odd=[101, -1])(whim)}, {"fraction": fraction(whim)}])
    return {"backendRef": {"name": _services(whim), "port": service_ports(whim)}, **part}


def _cors(whim: Whim) -> dict[str, Any]:
    several: Any = lambda make: lambda each: list({*some(each, 3, make)})  # noqa: E731
    return fields(
        whim,
        0.6,
        allowOrigins=several(origins),
        allowMethods=several(cors_methods),
        allowHeaders=several(headers),
        exposeHeaders=several(headers),
        allowCredentials=values(True, False),
        maxAge=values(1, 60, 2**31 - 1, odd=[0, -1]),
    )


_FILTERS: Mapping[str, Make] = {
    "RequestHeaderModifier": _changes,
    "ResponseHeaderModifier": _changes,
    "RequestRedirect": _redirect,
    "URLRewrite": lambda whim: fields(whim, 0.6, hostname=plain_hosts, path=_path_change),
    "RequestMirror": _mirror,
    "CORS": _cors,
    "ExtensionRef": values({"group": "x.org", "kind": "X", "name": "x"}),
}

_OF_GRPC = ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef")


def _filter(whim: Whim) -> dict[str, Any]:
    usual = values(*_FILTERS) if whim.is_http else values(*_OF_GRPC, odd=list(_FILTERS))
    type_ = usual(whim)
    field = (
        type_.lower() if type_ == "CORS" else "urlRewrite" if type_ == "URLRewrite" else type_[0].lower() + type_[1:]
    )
    return {"type": type_, field: _FILTERS[type_](whim)} if whim.random() > whim.absurdity / 3 else {"type": type_}


def _filters(whim: Whim) -> list[dict[str, Any]]:
    return distinct(whim, 2, _filter, "type")


def _matched(whim: Whim) -> dict[str, Any]:
    """A value to match, exactly or as an expression."""
    if whim.random() < 0.3:
        return {"type": "RegularExpression", "value": expressions(whim)}
    return {"value": header_values(whim), **rarely(whim, type=values("Exact", "Sounds"))}


def _named_matches(whim: Whim) -> list[dict[str, Any]]:
    return distinct(whim, 2, lambda each: {"name": headers(each), **_matched(each)}, "name")


def _path(whim: Whim) -> dict[str, Any]:
    type_ = whim.choice(["Exact", "PathPrefix", "PathPrefix", "RegularExpression"])
    return {"type": type_, "value": expressions(whim) if type_ == "RegularExpression" else paths(whim)}


def _http_match(whim: Whim) -> dict[str, Any]:
    return fields(whim, 0.4, path=_path, method=methods, headers=_named_matches, queryParams=_named_matches)


def _method(whim: Whim) -> dict[str, Any]:
    if whim.random() < 0.3:
        return {"type": "RegularExpression", "service": expressions(whim), **fields(whim, 0.5, method=expressions)}
    return {"service": services(whim), **fields(whim, 0.5, method=names_of_methods)}


def _grpc_match(whim: Whim) -> dict[str, Any]:
    return fields(whim, 0.6, method=_method, headers=_named_matches)


def _session(whim: Whim) -> dict[str, Any]:
    lifetimes = values({"lifetimeType": "Session"}, {}, odd=[{"lifetimeType": "Permanent"}])
    type_ = values("Cookie", "Header")
    found = fields(whim, 0.6, sessionName=cookies, type=type_, cookieConfig=lifetimes, absoluteTimeout=durations)
    return found | rarely(whim, idleTimeout=durations)


def _retry(whim: Whim) -> dict[str, Any]:
    codes = values(500, 503, 400, odd=[399, 600])
    attempts = values(1, 3, odd=[0, -1, 2**31 - 1])
    return fields(whim, 0.6, codes=lambda each: some(each, 3, codes), attempts=attempts, backoff=durations)


def _timeouts(whim: Whim) -> dict[str, Any]:
    return fields(whim, 0.5, request=durations) | fields(whim, 0.3, backendRequest=durations)


def _rule(whim: Whim, match: Make) -> dict[str, Any]:
    found = {"matches": some(whim, 3, match, 1), **fields(whim, 0.3, filters=_filters)}
    is_redirect = any(each["type"] == "RequestRedirect" for each in found.get("filters", ()))
    if not is_redirect or whim.random() < whim.absurdity:
        found["backendRefs"] = some(whim, 3, _backend)
    return found | fields(whim, 0.1, sessionPersistence=_session) | rarely(whim, name=values("r", "R", "-"))


def _http_rule(whim: Whim) -> dict[str, Any]:
    return _rule(whim, _http_match) | fields(whim, 0.15, timeouts=_timeouts, retry=_retry)


def _http_route(whim: Whim) -> dict[str, Any]:
    rules = some(whim, 3, _http_rule, 0 if whim.random() < whim.absurdity else 1)
    return {"parentRefs": _parents(whim), "hostnames": some(whim, 3, hosts), "rules": rules}


def _grpc_route(whim: Whim) -> dict[str, Any]:
    rules = some(whim, 3, lambda each: _rule(each, _grpc_match), 0 if whim.random() < whim.absurdity else 1)
    return {"parentRefs": _parents(whim), "hostnames": some(whim, 3, hosts), "rules": rules}


def _l4_route(whim: Whim) -> dict[str, Any]:
    backends = some(whim, 3, _backend, 0 if whim.random() < whim.absurdity else 1)
    return {"parentRefs": _parents(whim), "rules": [{"backendRefs": backends}]}


def _tls_route(whim: Whim) -> dict[str, Any]:
    return {**_l4_route(whim), "hostnames": some(whim, 3, hosts, 1)}


def _certificate_ref(whim: Whim) -> dict[str, Any]:
    return {"name": _secrets(whim), **rarely(whim, namespace=values("default", "nobody"), kind=values("Vault"))}


def _frontend_tls(whim: Whim, protocol: str) -> dict[str, Any]:
    found: dict[str, Any] = {"certificateRefs": some(whim, 2, _certificate_ref, 1)}
    if protocol == "TLS" and whim.random() < 0.5:
        found = {"mode": "Passthrough"}
    modes, options = values("Terminate", "Passthrough"), values({"x.org/y": "z"}, {"": ""})
    return found | rarely(whim, mode=modes, options=options)


_selectors = values({}, {"matchLabels": {"a": "b"}}, odd=[{"matchLabels": {"": "%"}}])


def _allowed_routes(whim: Whim) -> dict[str, Any]:
    namespaces = {"from": values("All", "Same", "Selector", odd=["None", "Some"])(whim)}
    if namespaces["from"] == "Selector" or whim.random() < whim.absurdity:
        namespaces["selector"] = _selectors(whim)
    kind = values("HTTPRoute", "GRPCRoute", "TLSRoute", odd=["Pod", ""])
    return {"namespaces": namespaces} | fields(whim, 0.2, kinds=lambda each: some(each, 2, lambda e: {"kind": kind(e)}))


_protocols = values("HTTP", "HTTP", "HTTPS", "HTTPS", "TLS", "TCP", "UDP", odd=["x.org/mine", "SCTP", "http", ""])


def _listener(whim: Whim, number: int) -> dict[str, Any]:
    protocol = _protocols(whim)
    found = {"name": f"l{number}", "protocol": protocol, "port": ports(whim)}
    if protocol in ("HTTPS", "TLS") or whim.random() < whim.absurdity / 3:
        found["tls"] = _frontend_tls(whim, protocol)
    if protocol not in ("TCP", "UDP") or whim.random() < whim.absurdity:
        found |= fields(whim, 0.5, hostname=hosts)
    return found | fields(whim, 0.3, allowedRoutes=_allowed_routes)


def _listeners(whim: Whim) -> list[dict[str, Any]]:
    numbers = range(whim.randint(1, 4))
    return [_listener(whim, 0 if whim.random() < whim.absurdity / 3 else number) for number in numbers]


def _authority_ref(whim: Whim) -> dict[str, Any]:
    name = values("authorities", "authorities", "no-authorities", "p", "nobody")
    found = {"group": "", "kind": "ConfigMap", "name": name(whim)}
    return found | rarely(whim, kind=values("Secret", "X"), group=values("x.org"))


def _validation(whim: Whim) -> dict[str, Any]:
    modes = values("AllowValidOnly", "AllowInsecureFallback", odd=["Perhaps"])
    return {"caCertificateRefs": some(whim, 2, _authority_ref, 1), **fields(whim, 0.4, mode=modes)}


def _gateway_tls(whim: Whim) -> dict[str, Any]:
    per_port: Make = lambda each: [{"port": ports(each), "tls": {"validation": _validation(each)}}]  # noqa: E731
    frontend: Make = lambda each: {  # noqa: E731
        "default": {"validation": _validation(each)},
        **fields(each, 0.3, perPort=per_port),
    }
    return fields(whim, 0.7, frontend=frontend, backend=lambda each: {"clientCertificateRef": _certificate_ref(each)})


_infrastructure = values(
    {"labels": {"a": "b"}},
    {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "p"}},
    odd=[{"labels": {"": "%"}}, {"parametersRef": {"group": "x", "kind": "X", "name": "x"}}],
)
_addresses = values([{"value": "1.2.3.4"}], [{"value": "127.0.0.1"}], odd=[[{"type": "Hostname", "value": "h"}]])


def _gateway(whim: Whim) -> dict[str, Any]:
    allowed = values({"namespaces": {"from": "All"}}, {"namespaces": {"from": "Same"}}, odd=[{}])
    spec = {"gatewayClassName": "gatelab", "listeners": _listeners(whim)}
    spec |= fields(whim, 0.6, allowedListeners=allowed) | fields(whim, 0.15, tls=_gateway_tls)
    return spec | fields(whim, 0.05, addresses=_addresses, infrastructure=_infrastructure)


def _listener_set(whim: Whim) -> dict[str, Any]:
    parent = dict(INNOCENT) if whim.random() < 0.5 else {"name": _own_gateways(whim)}
    return {"parentRef": parent, "listeners": _listeners(whim)}


def _policy(whim: Whim) -> dict[str, Any]:
    system = values("System", odd=["Other", ""])
    trusted = {"caCertificateRefs": some(whim, 2, _authority_ref, 1)}
    if whim.random() < 0.3:
        trusted = {"wellKnownCACertificates": system(whim), **rarely(whim, caCertificateRefs=values([]))}
    name: Make = lambda each: {"type": "Hostname", "hostname": hosts(each)}  # noqa: E731
    uri = values({"type": "URI", "uri": "spiffe://a/b"}, odd=[{"type": "URI", "uri": each} for each in ("", "%", "a")])
    alternatives = fields(whim, 0.2, subjectAltNames=lambda each: some(each, 2, each.choice([name, uri]), 1))
    sections = values("web", "nope", odd=[""])
    target: Make = lambda each: {  # noqa: E731
        "group": "",
        "kind": "Service",
        "name": _services(each),
        **fields(each, 0.2, sectionName=sections),
        **rarely(each, group=values("x")),
    }
    targets = distinct(whim, 2, target, "name") or [target(whim)]
    return {"targetRefs": targets, "validation": {"hostname": plain_hosts(whim), **trusted, **alternatives}}


def _grant(whim: Whim) -> dict[str, Any]:
    group, kinds = "gateway.networking.k8s.io", values("HTTPRoute", "GRPCRoute", "Gateway", "TLSRoute", "X")
    from_: Make = lambda each: {"group": group, "kind": kinds(each), "namespace": NAMESPACE}  # noqa: E731
    to = values(*({"group": "", "kind": kind} for kind in ("Service", "Secret", "ConfigMap")))
    return {"from": some(whim, 2, from_, 1), "to": some(whim, 2, to, 1)}


_SPECS: Mapping[str, tuple[int, Sequence[str], Make]] = {
    "Gateway": (8, GATEWAYS, _gateway),
    "ListenerSet": (14, _NAMES, _listener_set),
    "HTTPRoute": (30, _NAMES, _http_route),
    "GRPCRoute": (16, _NAMES, _grpc_route),
    "TLSRoute": (8, _NAMES, _tls_route),
    "TCPRoute": (6, _NAMES, _l4_route),
    "UDPRoute": (6, _NAMES, _l4_route),
    "BackendTLSPolicy": (8, _NAMES, _policy),
    "ReferenceGrant": (4, _NAMES, _grant),
}
"""By kind: how often among the others, the names, and what makes a spec."""
_KINDS = {kind.name: kind for kind in BUILTIN if kind.name in _SPECS}


def absurd(whim: Whim) -> tuple[str, dict[str, Any]]:
    """The path of an object in the API, and what it shall be: half of them nothing but complicated, some of them
    whatever the schema describes.
    """
    whim.absurdity = whim.choice((0.0, 0.0, 0.05, 0.3))
    if whim.random() < 0.07:
        return placed(changed_surrounding(whim))
    (name,) = whim.choices(list(_SPECS), [share for share, _, _ in _SPECS.values()])
    _, names, make = _SPECS[name]
    whim.is_http = name == "HTTPRoute"
    kind = _KINDS[name]
    obj = {"apiVersion": kind.api_version, "kind": name, "spec": make(whim)}
    if whim.random() < whim.absurdity / 3:
        obj |= manifest(kind, whim)
    if whim.random() < whim.absurdity:
        _spoil(obj.get("spec", obj), whim)
    return placed({**obj, "metadata": {"name": whim.choice(names), "namespace": NAMESPACE}})


def _spoil(value: Any, whim: Whim) -> None:
    """Puts something else into some place of it."""
    while isinstance(value, dict | list) and value:
        place = whim.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if not isinstance(value[place], dict | list) or whim.random() < 0.2:
            value[place] = odd(whim)
            return
        value = value[place]
