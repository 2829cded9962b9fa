"""Generated objects of the Gateway API, as the schemas allow them and a little beyond."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from gatelab.gateway.translate import Translation, translate
from gatelab.kinds.objects import Object
from golden_cases import completed, shared_objects, snapshot

labels = st.sampled_from(["a", "b", "example"])
hosts = st.builds(
    lambda wild, parts: "*." * wild + ".".join([*parts, "com"]), st.booleans(), st.lists(labels, max_size=2)
)
names = st.sampled_from(["one", "two", "three"])
namespaces = st.sampled_from(["default", "other"])
weights = st.integers(0, 3)
expressions = st.sampled_from(["a.*", "(", "[0-9]+", "x|y", "(?=a)", "\\C", "a{1001}"])
texts = st.sampled_from(["p.S", "p.T", "Get", "Put"])


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def required(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


certificate_refs = st.lists(
    optional(
        group=st.sampled_from(["", "x.org"]), kind=st.sampled_from(["Secret", "Vault"]), namespace=namespaces
    ).flatmap(lambda fields: st.sampled_from(["certificate", "nobody"]).map(lambda name: {**fields, "name": name})),
    max_size=2,
)
allowed_namespaces = optional(
    selector=st.sampled_from(
        [{}, {"matchLabels": {"team": "blue"}}, {"matchExpressions": [{"key": "team", "operator": "Sounds"}]}]
    )
).flatmap(
    lambda fields: st.sampled_from(["All", "Same", "Selector", "None"]).map(lambda source: {**fields, "from": source})
)
allowed_routes = optional(
    namespaces=allowed_namespaces,
    kinds=st.lists(
        st.sampled_from([{"kind": "GRPCRoute"}, {"kind": "HTTPRoute"}, {"kind": "TCPRoute"}, {"kind": "TLSRoute"}]),
        max_size=2,
    ),
)
listeners = st.fixed_dictionaries(
    {
        "name": names,
        "port": st.sampled_from([80, 81, 443]),
        "protocol": st.sampled_from(["HTTP", "HTTPS", "TLS", "TCP", "UDP", "x.org/mine"]),
    },
    optional={
        "hostname": hosts,
        "allowedRoutes": allowed_routes,
        "tls": st.fixed_dictionaries(
            {"certificateRefs": certificate_refs}, optional={"mode": st.sampled_from(["Terminate", "Passthrough"])}
        ),
    },
)
matches = optional(
    method=optional(type=st.just("Exact"), service=texts, method=texts)
    | optional(type=st.just("RegularExpression"), service=expressions, method=expressions),
    headers=st.lists(
        required(name=st.sampled_from(["x", "X", "y"]), value=st.sampled_from(["1", "2"]))
        | required(name=st.just("z"), value=expressions, type=st.just("RegularExpression")),
        max_size=3,
    ),
)
backend_refs = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", "nobody"])},
        optional={
            "port": st.sampled_from([8080, 1]),
            "weight": weights,
            "kind": st.sampled_from(["Service", "Bucket"]),
            "namespace": namespaces,
            "filters": st.sampled_from(
                [
                    [{"type": "RequestHeaderModifier"}],
                    [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["x"]}}],
                ]
            ),
        },
    ),
    max_size=3,
)
header_changes = optional(
    set=st.lists(
        required(name=st.sampled_from(["x", "X", "host"]), value=st.sampled_from(["1", "%", "a\nb"])), max_size=2
    ),
    remove=st.lists(st.sampled_from(["x", "y", ":path", ""]), max_size=2),
)
path_changes = st.sampled_from(["", "/", "/n", "n", "/?"]).flatmap(
    lambda value: st.sampled_from(
        [
            {"type": "ReplaceFullPath", "replaceFullPath": value},
            {"type": "ReplacePrefixMatch", "replacePrefixMatch": value},
            {"type": "ReplacePrefixMatch"},
        ]
    )
)
origins = st.sampled_from(["*", "https://*.a.test", "http://a.test:81", "https://A.test", "https://*", "ftp://a", ""])
cors = optional(
    allowOrigins=st.lists(origins, max_size=2),
    allowMethods=st.lists(st.sampled_from(["*", "GET", "BREW"]), max_size=2),
    allowHeaders=st.lists(st.sampled_from(["*", "X-1", "x y"]), max_size=2),
    exposeHeaders=st.just(["*"]),
    allowCredentials=st.booleans(),
    maxAge=st.sampled_from([0, 60]),
)
sessions = optional(
    sessionName=st.sampled_from(["s", "S", "a;b", ""]),
    type=st.sampled_from(["Cookie", "Header", "Query"]),
    absoluteTimeout=st.sampled_from(["1h", "1ms", "x"]),
    cookieConfig=optional(lifetimeType=st.sampled_from(["Session", "Permanent"])),
)
retries = optional(
    codes=st.lists(st.sampled_from([500, 503, 200]), max_size=2),
    attempts=st.sampled_from([0, 1, 2**40]),
    backoff=st.sampled_from(["0s", "100ms", "x"]),
)
EXTENSION = {"type": "ExtensionRef", "extensionRef": {"group": "x.org", "kind": "X", "name": "x"}}
filters = st.lists(
    st.sampled_from([{"type": "X"}, {"type": "RequestHeaderModifier"}, {"type": "CORS"}, EXTENSION])
    | cors.map(lambda fields: {"type": "CORS", "cors": fields})
    | header_changes.map(lambda fields: {"type": "RequestHeaderModifier", "requestHeaderModifier": fields})
    | optional(
        path=path_changes, scheme=st.just("https"), port=st.just(81), statusCode=st.sampled_from([301, 200])
    ).map(lambda fields: {"type": "RequestRedirect", "requestRedirect": fields})
    | optional(path=path_changes, hostname=st.just("h.test")).map(
        lambda fields: {"type": "URLRewrite", "urlRewrite": fields}
    )
    | st.sampled_from(["a", "nobody"]).map(
        lambda name: {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": name, "port": 8080}}}
    ),
    max_size=2,
)
rules = optional(
    matches=st.lists(matches, max_size=3),
    backendRefs=backend_refs,
    filters=filters,
    name=st.sampled_from(["x", "y"]),
    sessionPersistence=sessions,
)
http_matches = optional(
    path=optional(
        type=st.sampled_from(["Exact", "PathPrefix", "RegularExpression"]),
        value=st.sampled_from(["/", "/a", "/a/", "/a/b", "(", "ä"]),
    ),
    method=st.sampled_from(["GET", "CONNECT"]),
    headers=st.just([{"name": "x", "value": "1"}]),
    queryParams=st.lists(required(name=st.sampled_from(["q", "Q"]), value=st.just("1")), max_size=2),
)
http_rules = optional(
    matches=st.lists(http_matches, max_size=2),
    backendRefs=backend_refs,
    filters=filters,
    timeouts=optional(request=st.sampled_from(["0s", "1m"]), backendRequest=st.just("10ms")),
    name=st.sampled_from(["x", "y"]),
    retry=retries,
    sessionPersistence=sessions,
)
parents = [{"name": "gw"}, {"name": "gw2"}, {"name": "set", "kind": "ListenerSet"}]
parent_refs = st.lists(
    st.builds(
        lambda parent, fields: {**parent, **fields},
        st.sampled_from(parents),
        optional(sectionName=names, port=st.sampled_from([80, 443]), namespace=namespaces),
    ),
    max_size=2,
)


def made(kind: str, name: str, namespace: str, spec: dict[str, Any], created: int = 1) -> Object:
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": f"2026-01-0{created}T00:00:00Z"}
    return completed({"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec})


authority_ref = st.builds(
    lambda kind, name: {"group": "", "kind": kind, "name": name},
    st.sampled_from(["ConfigMap", "ConfigMap", "Vault"]),
    st.sampled_from(["ca", "ca2", "nobody"]),
)
authority_refs = st.lists(
    st.builds(lambda reference, fields: {**reference, **fields}, authority_ref, optional(namespace=namespaces)),
    max_size=2,
)
frontends = optional(
    validation=st.fixed_dictionaries(
        {"caCertificateRefs": authority_refs},
        optional={"mode": st.sampled_from(["AllowValidOnly", "AllowInsecureFallback"])},
    )
)
gateway_tls = optional(
    backend=optional(clientCertificateRef=required(name=st.sampled_from(["certificate", "nobody"]))),
    frontend=st.fixed_dictionaries(
        {"default": frontends},
        optional={
            "perPort": st.lists(
                required(port=st.sampled_from([80, 443]), tls=frontends),
                max_size=2,
                unique_by=lambda each: each["port"],
            )
        },
    ),
)
gateways = st.builds(
    lambda name, each, fields: made(
        "Gateway", name, "default", {"gatewayClassName": "gatelab", "listeners": each, **fields}
    ),
    st.sampled_from(["gw", "gw2"]),
    st.lists(listeners, min_size=1, max_size=4, unique_by=lambda listener: str(listener["name"])),
    optional(
        allowedListeners=optional(namespaces=allowed_namespaces),
        tls=gateway_tls,
        infrastructure=st.sampled_from(["tuning", "nobody"]).map(
            lambda name: {"parametersRef": {"group": "", "kind": "ConfigMap", "name": name}}
        ),
    ),
)
listener_sets = st.builds(
    lambda name, namespace, parent, each, created: made(
        "ListenerSet",
        name,
        namespace,
        {"parentRef": {"name": parent, "namespace": "default"}, "listeners": each},
        created,
    ),
    st.sampled_from(["set", "set2"]),
    namespaces,
    st.sampled_from(["gw", "gw2"]),
    st.lists(listeners, min_size=1, max_size=3, unique_by=lambda listener: str(listener["name"])),
    st.integers(1, 2),
)
routes = st.builds(
    lambda name, namespace, parents, hostnames, each, created: made(
        "GRPCRoute", name, namespace, {"parentRefs": parents, "hostnames": hostnames, "rules": each}, created
    ),
    names,
    namespaces,
    parent_refs,
    st.lists(hosts, max_size=3),
    st.lists(rules, max_size=3),
    st.integers(1, 3),
)


def unique(objects: Sequence[Object]) -> list[Object]:
    """Of those that have the same name the last one."""
    by_key = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): each for each in objects}
    return list(by_key.values())


http_routes = st.builds(
    lambda name, namespace, parents, hostnames, each, created: made(
        "HTTPRoute", name, namespace, {"parentRefs": parents, "hostnames": hostnames, "rules": each}, created
    ),
    names,
    namespaces,
    parent_refs,
    st.lists(hosts, max_size=3),
    st.lists(http_rules, max_size=3),
    st.integers(1, 3),
)
l4_routes = st.builds(
    lambda kind, name, namespace, parents, hostnames, each, created: made(
        kind,
        name,
        namespace,
        {"parentRefs": parents, "rules": each, **({"hostnames": hostnames} if kind == "TLSRoute" else {})},
        created,
    ),
    st.sampled_from(["TLSRoute", "TCPRoute", "UDPRoute"]),
    names,
    namespaces,
    parent_refs,
    st.lists(hosts, max_size=3),
    st.lists(optional(backendRefs=backend_refs), max_size=2),
    st.integers(1, 3),
)
grants = st.builds(
    lambda name, namespace, source, kind, to: made(
        "ReferenceGrant",
        name,
        namespace,
        {
            "from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": source}],
            "to": [{"group": "", "kind": to}],
        },
    ),
    names,
    namespaces,
    namespaces,
    st.sampled_from(["GRPCRoute", "HTTPRoute", "TLSRoute", "Gateway", "ListenerSet"]),
    st.sampled_from(["Service", "Secret", "ConfigMap"]),
)
policies = st.builds(
    lambda name, namespace, targets, validation, created: made(
        "BackendTLSPolicy",
        name,
        namespace,
        {
            "targetRefs": [{"group": "", "kind": kind, "name": of, **section} for kind, of, section in targets],
            "validation": {"hostname": "a.test", **validation},
        },
        created,
    ),
    names,
    namespaces,
    st.lists(
        st.tuples(
            st.sampled_from(["Service", "Service", "Bucket"]),
            st.sampled_from(["a", "b", "nobody"]),
            optional(sectionName=st.sampled_from(["grpc", "metrics", "none"])),
        ),
        min_size=1,
        max_size=2,
    ),
    required(caCertificateRefs=st.lists(authority_ref, min_size=1, max_size=2))
    | required(wellKnownCACertificates=st.sampled_from(["System", "x.test/ours"]))
    | required(
        caCertificateRefs=st.just([{"group": "", "kind": "ConfigMap", "name": "ca"}]),
        subjectAltNames=st.just([{"type": "Hostname", "hostname": "*.test"}, {"type": "URI", "uri": "spiffe://a"}]),
    ),
    st.integers(1, 2),
)
config_maps = st.builds(
    lambda name, namespace, data: completed(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}
    ),
    st.sampled_from(["ca", "ca2"]),
    namespaces,
    st.sampled_from([{"ca.crt": "{certificate}"}, {"ca.crt": "{certificate}{certificate}"}, {"ca.crt": "no"}, {}]),
)
objects = st.lists(
    gateways | listener_sets | routes | http_routes | l4_routes | grants | policies | config_maps, max_size=8
).map(unique)


def beside(these: Sequence[Object]) -> list[Object]:
    """These, and what every golden case has."""
    return unique((*shared_objects(), *these))


def result(these: Sequence[Object]) -> Translation:
    return translate(snapshot(beside(these)))
