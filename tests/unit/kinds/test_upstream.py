"""Our schemas and rules of the Gateway API beside upstream's definitions of v1.6.1, standard channel."""

import random
from collections.abc import Mapping
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

KINDS = [kind for kind in BUILTIN if kind.group == "gateway.networking.k8s.io"]


@cache
def upstream(kind: Kind) -> Mapping[str, Any]:
    """Upstream's definition of the kind."""
    found = (yaml.safe_load(path.read_text()) for path in crds("standard"))
    return next(each for each in found if each["metadata"]["name"] == kind.qualified_plural)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_schemas_say_the_same(kind: Kind) -> None:
    ours = {each["name"]: each for each in definition_of(kind)["spec"]["versions"]}
    theirs = {each["name"]: each for each in upstream(kind)["spec"]["versions"] if each["served"]}
    assert set(ours) == set(theirs)
    for name, version in theirs.items():
        mine = ours[name]["schema"]["openAPIV3Schema"]
        assert list(differences(mine, version["schema"]["openAPIV3Schema"])) == []
        assert _columns(ours[name]) == _columns(version)


def _columns(version: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["name"], each["type"], each["jsonPath"]) for each in version["additionalPrinterColumns"]]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_names_are_the_same(kind: Kind) -> None:
    ours, theirs = definition_of(kind)["spec"], upstream(kind)["spec"]
    assert {**ours["names"], "listKind": None} == {**theirs["names"], "listKind": None}
    assert ours["scope"] == theirs["scope"]


# The verdicts


def verdict(kind: Kind, obj: Json) -> list[str]:
    """What we have against an object."""
    schema = catalogue.schema_of(kind)
    kept, _ = pruning.pruned(schema, obj)
    if wrong := check.type_problems(schema, kept):
        return [str(each) for each in wrong]
    complete = with_defaults(kind, kept)
    return [str(each) for each in check.rule_problems(schema, complete) or rules.broken(kind, complete, None)]


def upstream_verdict(kind: Kind, obj: Json) -> list[str]:
    """What upstream's definition has against it, by our engine for definitions."""
    schema = upstream_schema(kind)
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
def upstream_schema(kind: Kind) -> Mapping[str, Any]:
    version = next(each for each in upstream(kind)["spec"]["versions"] if each["name"] == kind.version)
    return pruning.whole(version["schema"]["openAPIV3Schema"])


def examples(kind: Kind) -> list[Json]:
    """The objects of the kind among upstream's examples, valid ones and others."""
    folders = ("examples/standard", "hack/invalid-examples/standard")
    paths = sorted(path for folder in folders for path in (module() / folder).rglob("*.yaml"))
    found = [each for path in paths for each in yaml.safe_load_all(path.read_text()) if isinstance(each, dict)]
    group = [each for each in found if each.get("apiVersion", "").startswith(kind.group + "/")]
    ours = [{**each, "apiVersion": kind.api_version} for each in group if each["kind"] == kind.name]
    return [{**each, "metadata": {"name": "x", **each.get("metadata", {})}} for each in ours]


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
    *("CORS", "ReplaceFullPath", "ReplacePrefixMatch", "IPAddress", "Hostname", "Service", "All", "Same", "Selector"),
)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_upstreams_examples_get_upstreams_verdict(kind: Kind) -> None:
    found = examples(kind)
    assert found
    assert [_disagreement(kind, each) for each in found if _disagreement(kind, each)] == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_mutated_examples_get_upstreams_verdict(kind: Kind) -> None:
    draw = random.Random(1)
    bases = examples(kind)
    for _ in range(150):
        obj = mutated(draw.choice(bases), draw, _WORDS_OF_THE_API)
        assert _disagreement(kind, obj) == ""


def _disagreement(kind: Kind, obj: Json) -> str:
    ours, theirs = verdict(kind, obj), upstream_verdict(kind, obj)
    return "" if bool(ours) == bool(theirs) else f"ours {ours}, upstream's {theirs}: {obj}"
