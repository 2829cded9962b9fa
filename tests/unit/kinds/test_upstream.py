"""Our schemas and rules of the Gateway API beside upstream's definitions of v1.6.1, experimental channel."""

import copy
import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
import yaml

from gatelab.apiserver.custom.builtin_definitions import definition_of
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.custom import cel, pruning
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.defaults.structural import with_schema_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import catalogue, check, rules
from gateway_api_module import crds, module
from schema_comparison import differences, mutated

Json = dict[str, Any]

_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}

KINDS = [kind for kind in BUILTIN if kind.group == "gateway.networking.k8s.io"]
VERSIONS = [(kind, version) for kind in KINDS for version in kind.served]


@cache
def definitions() -> Mapping[str, Mapping[str, Any]]:
    """Upstream's, by name. They are a megabyte, which takes PyYAML's own loader seconds."""
    found = (yaml.load(path.read_text(), Loader=yaml.CSafeLoader) for path in crds("experimental"))
    return {each["metadata"]["name"]: each for each in found}


def upstream(kind: Kind) -> Mapping[str, Any]:
    """Upstream's definition of the kind."""
    return definitions()[kind.qualified_plural]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_schemas_say_the_same(kind: Kind) -> None:
    ours = {each["name"]: each for each in definition_of(kind)["spec"]["versions"]}
    theirs = {each["name"]: each for each in upstream(kind)["spec"]["versions"] if each["served"]}
    assert set(ours) == set(theirs)
    for name, version in theirs.items():
        mine = ours[name]["schema"]["openAPIV3Schema"]
        assert list(differences(mine, version["schema"]["openAPIV3Schema"])) == []
        assert _columns(ours[name]) == _columns(version)
        assert _said_of(ours[name]) == _said_of(version)


def _columns(version: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    # Without columns, there is the age.
    columns = version.get("additionalPrinterColumns") or [_AGE]
    return [(each["name"], each["type"], each["jsonPath"]) for each in columns]


def _said_of(version: Mapping[str, Any]) -> tuple[Any, ...]:
    return version.get("deprecated"), version.get("deprecationWarning"), version.get("subresources") or {}


def test_every_kind_of_upstream_is_served() -> None:
    assert {kind.qualified_plural for kind in KINDS} == {each for each in definitions() if ".x-k8s.io" not in each}


def test_the_annotations_are_the_same() -> None:
    for kind in KINDS:
        ours, theirs = definition_of(kind)["metadata"]["annotations"], upstream(kind)["metadata"]["annotations"]
        assert {**ours, **theirs} == ours


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_names_are_the_same(kind: Kind) -> None:
    ours, theirs = definition_of(kind)["spec"], upstream(kind)["spec"]
    assert {**ours["names"], "listKind": None} == {**theirs["names"], "listKind": None}
    assert ours["scope"] == theirs["scope"]


# The verdicts


def verdict(kind: Kind, version: str, obj: Json) -> list[str]:
    """What we have against an object."""
    schema = catalogue.schema_of(kind, version)
    kept, _ = pruning.pruned(schema, obj)
    if wrong := check.type_problems(schema, kept):
        return [str(each) for each in wrong]
    complete = with_defaults(kind, kept)
    return [str(each) for each in check.rule_problems(schema, complete) or rules.broken(kind, complete, None, version)]


def upstream_verdict(kind: Kind, version: str, obj: Json) -> list[str]:
    """What upstream's definition has against it, by our engine for definitions."""
    schema = upstream_schema(kind, version)
    kept, _ = pruning.pruned(schema, obj)
    if wrong := check.type_problems(schema, kept):
        return [str(each) for each in wrong]
    complete = with_schema_defaults(schema, kept)
    if wrong := check.rule_problems(schema, complete):
        return [str(each) for each in wrong]
    found, unevaluated = cel.broken(schema, complete, None)
    assert unevaluated == []
    return [str(each) for each in found]


@cache
def upstream_schema(kind: Kind, version: str) -> Mapping[str, Any]:
    found = next(each for each in upstream(kind)["spec"]["versions"] if each["name"] == version)
    return pruning.whole(found["schema"]["openAPIV3Schema"])


_CHANNELS = ("standard", "experimental")


@cache
def all_examples() -> tuple[Json, ...]:
    """Upstream's, valid ones and others."""
    folders = [f"{folder}/{channel}" for folder in ("examples", "hack/invalid-examples") for channel in _CHANNELS]
    paths = sorted(path for folder in folders for path in (module() / folder).rglob("*.yaml"))
    found = (each for path in paths for each in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader))
    return tuple(each for each in found if isinstance(each, dict))


def examples(kind: Kind) -> list[Json]:
    """The objects of the kind among upstream's examples, and some more, for the caller to change."""
    found = copy.deepcopy(all_examples())
    group = [each for each in found if each.get("apiVersion", "").startswith(kind.group + "/")]
    ours = [{**each, "apiVersion": kind.api_version} for each in group if each["kind"] == kind.name]
    ours += [{"apiVersion": kind.api_version, "kind": kind.name, "spec": spec} for spec in _MORE.get(kind.name, ())]
    return [{**each, "metadata": {"name": "x", **each.get("metadata", {})}} for each in ours]


_SESSION = {
    "sessionName": "s",
    "absoluteTimeout": "1h",
    "type": "Cookie",
    "cookieConfig": {"lifetimeType": "Permanent"},
}
_BACKENDS = [{"name": "a", "port": 1}, {"name": "b", "port": 2, "weight": 0}]
_PARENTS = [{"name": "g", "port": 80}, {"name": "g", "port": 443}]
_RETRY = {"codes": [500, 503], "attempts": 2, "backoff": "100ms"}
_AUTH = {
    "type": "ExternalAuth",
    "externalAuth": {"protocol": "HTTP", "backendRef": {"name": "a", "port": 1}, "http": {"path": "/x"}},
}
_CAS = [{"group": "", "kind": "ConfigMap", "name": "ca"}]
_NAMES = [{"type": "Hostname", "hostname": "a.example"}, {"type": "URI", "uri": "spiffe://a/b"}]
_SERVICE = {"group": "", "kind": "Service", "name": "a"}
_MORE: Mapping[str, Sequence[Json]] = {
    "HTTPRoute": [
        {
            "parentRefs": _PARENTS,
            "useDefaultGateways": "All",
            "rules": [
                {"name": "a", "retry": _RETRY, "sessionPersistence": _SESSION, "backendRefs": _BACKENDS},
                {"name": "b", "filters": [_AUTH], "backendRefs": _BACKENDS},
            ],
        }
    ],
    "GRPCRoute": [
        {
            "parentRefs": _PARENTS,
            "rules": [{"name": "a", "sessionPersistence": _SESSION}, {"name": "b", "backendRefs": _BACKENDS}],
        }
    ],
    "Gateway": [
        {
            "gatewayClassName": "x",
            "defaultScope": "All",
            "addresses": [{"type": "Hostname", "value": "a.example"}, {"type": "IPAddress", "value": "10.0.0.1"}],
            "listeners": [
                {"name": "a", "port": 443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
                {"name": "b", "port": 443, "protocol": "UDP"},
            ],
            "tls": {
                "backend": {"clientCertificateRef": {"name": "c"}},
                "frontend": {
                    "default": {"validation": {"caCertificateRefs": _CAS}},
                    "perPort": [{"port": 443, "tls": {"validation": {"caCertificateRefs": _CAS}}}],
                },
            },
        }
    ],
    "TLSRoute": [{"parentRefs": _PARENTS, "hostnames": ["a.example", "*.b"], "rules": [{"backendRefs": _BACKENDS}]}],
    "TCPRoute": [{"parentRefs": _PARENTS, "rules": [{"name": "a", "backendRefs": _BACKENDS}]}],
    "UDPRoute": [{"parentRefs": _PARENTS, "rules": [{"name": "a", "backendRefs": _BACKENDS}]}],
    "BackendTLSPolicy": [
        {
            "targetRefs": [{**_SERVICE, "sectionName": "http"}, {**_SERVICE, "sectionName": "grpc"}],
            "validation": {"caCertificateRefs": _CAS, "hostname": "a.example", "subjectAltNames": _NAMES},
        },
        {"targetRefs": [_SERVICE], "validation": {"wellKnownCACertificates": "System", "hostname": "a.example"}},
    ],
}
"""What upstream's examples do not have."""


_WORDS_OF_THE_API = (
    *("HTTP", "HTTPS", "TLS", "TCP", "UDP", "Terminate", "Passthrough", "Exact", "RegularExpression", "PathPrefix"),
    *(
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestMirror",
        "RequestRedirect",
        "URLRewrite",
        "ExtensionRef",
    ),
    *("ExternalAuth", "GRPC", "Cookie", "Header", "Permanent", "Session", "URI", "System"),
    *("CORS", "ReplaceFullPath", "ReplacePrefixMatch", "IPAddress", "Hostname", "Service", "All", "Same", "Selector"),
)


@pytest.mark.parametrize(("kind", "version"), VERSIONS, ids=str)
def test_upstreams_examples_get_upstreams_verdict(kind: Kind, version: str) -> None:
    found = examples(kind)
    assert found
    assert [each for each in found if _disagreement(kind, version, each)] == []


@pytest.mark.parametrize(("kind", "version"), VERSIONS, ids=str)
def test_mutated_examples_get_upstreams_verdict(kind: Kind, version: str) -> None:
    draw = random.Random(1)
    bases = examples(kind)
    for _ in range(150):
        obj = mutated(draw.choice(bases), draw, _WORDS_OF_THE_API)
        assert _disagreement(kind, version, obj) == ""


def _disagreement(kind: Kind, version: str, obj: Json) -> str:
    ours, theirs = verdict(kind, version, obj), upstream_verdict(kind, version, obj)
    return "" if bool(ours) == bool(theirs) else f"ours {ours}, upstream's {theirs}: {obj}"
