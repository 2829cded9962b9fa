"""Our schemas and rules of cert-manager's kinds beside upstream's definitions."""

import random
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from cert_manager_module import crds
from gatelab.apiserver.custom.builtin_definitions import definition_of
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.custom import cel, pruning
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.defaults.structural import with_schema_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import catalogue, check, rules
from schema_comparison import differences, mutated

Json = dict[str, Any]

KINDS = [kind for kind in BUILTIN if kind.group == "cert-manager.io"]
_AFFINITY = "podTemplate.spec.affinity"
"""It is Kubernetes' own type, of which we have Kubernetes' own schema: that names no sizes of integers."""


@cache
def upstream(kind: Kind) -> Mapping[str, Any]:
    """Upstream's definition of the kind."""
    path = next(each for each in crds() if each.name == f"{kind.group}_{kind.plural}.yaml")
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_schemas_say_the_same(kind: Kind) -> None:
    (ours,), (theirs,) = definition_of(kind)["spec"]["versions"], upstream(kind)["spec"]["versions"]
    assert ours["name"] == theirs["name"]
    pair = [each["schema"]["openAPIV3Schema"] for each in (ours, theirs)]
    found = [each for each in differences(*pair) if not (_AFFINITY in each and ": format: " in each)]
    assert found == []
    assert ours.get("selectableFields") == theirs.get("selectableFields")
    assert ours["subresources"] == theirs["subresources"]
    assert _columns(ours) == _columns(theirs)


def _columns(version: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    found = version["additionalPrinterColumns"]
    return [(each["name"], each["type"], each["jsonPath"].replace(" ", ""), each.get("priority", 0)) for each in found]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_names_are_the_same(kind: Kind) -> None:
    ours, theirs = definition_of(kind)["spec"], upstream(kind)["spec"]
    assert ours["names"] == theirs["names"]
    assert ours["scope"] == theirs["scope"]


def verdict_of_schema(schema: Mapping[str, Any], obj: Json) -> list[str]:
    """What a schema has against an object, without its rules in CEL."""
    kept, _ = pruning.pruned(schema, obj)
    if wrong := check.type_problems(schema, kept):
        return [str(each) for each in wrong]
    return [str(each) for each in check.rule_problems(schema, with_schema_defaults(schema, kept))]


def kept(schema: Mapping[str, Any], obj: Json) -> Any:
    """What is stored of an object."""
    return pruning.pruned(schema, obj)[0]


@cache
def upstream_schema(kind: Kind) -> Mapping[str, Any]:
    (version,) = upstream(kind)["spec"]["versions"]
    return pruning.whole(version["schema"]["openAPIV3Schema"])


def whole(kind: Kind, spec: Json) -> Json:
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": "x"}, "spec": spec}


_SECRET = {"name": "s", "key": "k"}
_CERTIFICATES: tuple[Json, ...] = (
    {"secretName": "s", "issuerRef": {"name": "i", "kind": "ClusterIssuer"}, "dnsNames": ["a.example"]},
    {
        "secretName": "s",
        "issuerRef": {"name": "i", "group": "cert-manager.io"},
        "commonName": "a",
        "subject": {"organizations": ["o"], "serialNumber": "1"},
        "ipAddresses": ["10.0.0.1"],
        "otherNames": [{"oid": "1.2", "utf8Value": "x"}],
        "duration": "2160h",
        "renewBefore": "360h",
        "revisionHistoryLimit": 1,
        "usages": ["server auth", "digital signature"],
        "privateKey": {"algorithm": "ECDSA", "encoding": "PKCS8", "rotationPolicy": "Always", "size": 256},
        "signatureAlgorithm": "ECDSAWithSHA256",
        "additionalOutputFormats": [{"type": "DER"}],
        "secretTemplate": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
        "keystores": {"pkcs12": {"create": True, "profile": "Modern2026", "passwordSecretRef": _SECRET}},
        "renewal": {"policy": "RenewBefore", "windows": [{"cron": "0 * * * *", "windowDuration": "1h"}]},
        "nameConstraints": {"critical": True, "permitted": {"dnsDomains": ["a.example"]}},
    },
)
_PARENT = {"name": "g", "kind": "Gateway", "port": 80}
_POD = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {
        "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "x"}]}},
        "tolerations": [{"key": "a", "tolerationSeconds": 3}],
        "imagePullSecrets": [{"name": "x"}],
        "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
        "securityContext": {"runAsUser": 1, "sysctls": [{"name": "a", "value": "b"}]},
    },
}
_ACME = {
    "server": "https://a.example",
    "privateKeySecretRef": {"name": "s"},
    "email": "a@a.example",
    "caBundle": "YQ==",
    "externalAccountBinding": {"keyID": "k", "keySecretRef": _SECRET, "keyAlgorithm": "HS256"},
    "solvers": [
        {"http01": {"ingress": {"ingressClassName": "x", "podTemplate": _POD}}, "selector": {"dnsNames": ["a"]}},
        {"http01": {"gatewayHTTPRoute": {"parentRefs": [_PARENT], "labels": {"a": "b"}}}},
        {"dns01": {"route53": {"region": "x", "auth": {"kubernetes": {"serviceAccountRef": {"name": "a"}}}}}},
        {"dns01": {"azureDNS": {"resourceGroupName": "x", "subscriptionID": "y", "zoneType": "AzurePublicZone"}}},
        {"dns01": {"webhook": {"groupName": "x", "solverName": "y", "config": {"any": [1]}}}},
        {"dns01": {"rfc2136": {"nameserver": "x", "protocol": "TCP"}, "cnameStrategy": "Follow"}},
    ],
}
_VAULT = {"server": "x", "path": "y", "auth": {"kubernetes": {"role": "r", "secretRef": _SECRET}}, "caBundle": "YQ=="}
_ISSUERS: tuple[Json, ...] = (
    {"selfSigned": {"crlDistributionPoints": ["http://a.example"]}},
    {"ca": {"secretName": "s", "ocspServers": ["http://a.example"]}},
    {"acme": _ACME},
    {"vault": _VAULT},
    {"vault": {**_VAULT, "auth": {"appRole": {"path": "p", "roleId": "r", "secretRef": _SECRET}}}},
    {"venafi": {"zone": "z", "tpp": {"url": "https://a.example", "credentialsRef": {"name": "s"}}}},
    {"venafi": {"zone": "z", "ngts": {"credentialsRef": {"name": "s"}, "tsgID": "x"}}},
)
_BASES = {kind: (_CERTIFICATES if kind.name == "Certificate" else _ISSUERS) for kind in KINDS}
_WORDS_OF_THE_API = ("RSA", "ECDSA", "any", "DER", "RenewBefore", "HS512", "TCP", "None", "Modern2023", "YQ==", "*")


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_whole_objects_are_kept_whole(kind: Kind) -> None:
    for spec in _BASES[kind]:
        obj = whole(kind, spec)
        schema = catalogue.schema_of(kind)
        assert kept(schema, obj) == kept(upstream_schema(kind), obj) == obj
        assert rules.broken(kind, with_defaults(kind, obj), None) == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_mutated_objects_get_upstreams_verdict(kind: Kind) -> None:
    draw = random.Random(1)
    schema, theirs = catalogue.schema_of(kind), upstream_schema(kind)
    for _ in range(300):
        obj = mutated(whole(kind, draw.choice(_BASES[kind])), draw, _WORDS_OF_THE_API)
        pair = verdict_of_schema(schema, obj), verdict_of_schema(theirs, obj)
        assert bool(pair[0]) == bool(pair[1]), (pair, obj)
        assert kept(schema, obj) == kept(theirs, obj)


def test_the_rules_in_cel_are_kept() -> None:
    kind = next(each for each in KINDS if each.name == "Issuer")
    draw = random.Random(2)
    for _ in range(100):
        parts = draw.sample(("tpp", "cloud", "ngts"), draw.randint(0, 3))
        obj = whole(kind, {"venafi": {"zone": "z", **{part: {} for part in parts}}})
        found, unevaluated = cel.broken(upstream_schema(kind), obj, None)
        assert unevaluated == []
        assert bool(rules.broken(kind, obj, None)) == bool(found)
