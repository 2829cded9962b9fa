"""Schemas: found, current, and what they take away or complain about."""

from typing import Any

import pytest

from gatelab.kinds.builtin import BUILTIN, CERTIFICATE, DEPLOYMENT, GATEWAY, GRPC_ROUTE, POD
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import check, generate
from gatelab.kinds.schemas.catalogue import definitions, is_native, resolved, schema_of
from gatelab.kinds.schemas.prune import pruned


def test_the_committed_file_is_current() -> None:
    """Run `python -m gatelab.kinds.schemas.generate` when it is not."""
    assert generate.TARGET.read_bytes() == generate.generate()


@pytest.mark.parametrize("kind", BUILTIN, ids=str)
def test_every_kind_has_a_schema_with_the_fields_of_all_objects(kind: Kind) -> None:
    properties = schema_of(kind)["properties"]
    assert {"apiVersion", "kind", "metadata"} <= set(properties)
    assert ("status" in properties) is kind.has_status


def test_every_reference_leads_somewhere() -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                assert resolved(value)
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(definitions())


def test_native_kinds_are_those_of_kubernetes_itself() -> None:
    assert is_native(POD)
    assert is_native(DEPLOYMENT)
    assert not is_native(GATEWAY)


def test_unknown_fields_and_nulls_are_taken_away() -> None:
    obj = {
        "metadata": {"name": "x", "labels": {"a": "b", "c": None}, "colour": "red"},
        "spec": {"containers": [{"name": "c", "imag": "y", "env": None}], "nodeName": None},
    }
    kept, unknown = pruned(schema_of(POD), obj)
    assert kept == {"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}
    assert unknown == ["metadata.colour", "spec.containers[0].imag"]
    assert "imag" in obj["spec"]["containers"][0]  # type: ignore[index]


def test_free_form_objects_are_kept_as_they_are() -> None:
    managed = [{"manager": "k", "fieldsV1": {"f:spec": {}, "x": None}}]
    assert pruned(schema_of(POD), {"metadata": {"managedFields": managed}})[0]["metadata"]["managedFields"] == managed


@pytest.mark.parametrize(
    ("kind", "obj", "place"),
    [
        (DEPLOYMENT, {"spec": {"replicas": "1"}}, "spec.replicas"),
        (DEPLOYMENT, {"spec": {"replicas": True}}, "spec.replicas"),
        (DEPLOYMENT, {"spec": {"replicas": 1.5}}, "spec.replicas"),
        (DEPLOYMENT, {"spec": {"replicas": 2**63}}, "spec.replicas"),
        (DEPLOYMENT, {"spec": []}, "spec"),
        (POD, {"spec": {"containers": {}}}, "spec.containers"),
        (POD, {"spec": {"containers": [{"env": [{"name": "A", "value": 1}]}]}}, "spec.containers[0].env[0].value"),
        (POD, {"metadata": {"labels": {"a": 1}}}, "metadata.labels.a"),
        (POD, {"metadata": {"creationTimestamp": "yesterday"}}, "metadata.creationTimestamp"),
        (
            POD,
            {"spec": {"containers": [{"resources": {"limits": {"cpu": "1x"}}}]}},
            "spec.containers[0].resources.limits.cpu",
        ),
        (GATEWAY, {"spec": {"listeners": [{"port": 2**31}]}}, "spec.listeners[0].port"),
    ],
)
def test_wrong_types_are_found(kind: Kind, obj: Any, place: str) -> None:
    assert [problem.field for problem in check.type_problems(schema_of(kind), obj)] == [place]


@pytest.mark.parametrize("value", [8080, "grpc", "50%"])
def test_an_int_or_string_is_either(value: Any) -> None:
    obj = {"spec": {"strategy": {"rollingUpdate": {"maxSurge": value}}}}
    assert check.type_problems(schema_of(DEPLOYMENT), obj) == []


def listeners(**fields: Any) -> Any:
    listener = {"name": "a", "port": 80, "protocol": "HTTP", **fields}
    return {"spec": {"gatewayClassName": "c", "listeners": [listener]}}


def rules(**rule: Any) -> Any:
    return {"spec": {"rules": [rule]}}


def certificate(**fields: Any) -> Any:
    return {"spec": {"secretName": "s", "issuerRef": {"name": "i"}, **fields}}


@pytest.mark.parametrize(
    ("kind", "obj", "message"),
    [
        (GATEWAY, {}, "spec: Required value"),
        (GATEWAY, {"spec": {"gatewayClassName": "c"}}, "spec.listeners: Required value"),
        (
            GATEWAY,
            {"spec": {"gatewayClassName": "c", "listeners": []}},
            "spec.listeners: Invalid value: 0: spec.listeners in body should have at least 1 items",
        ),
        (GATEWAY, listeners(port=0), "spec.listeners[0].port: Invalid value: 0: "),
        (GATEWAY, listeners(port=65536), "spec.listeners[0].port: Invalid value: 65536: "),
        (GATEWAY, listeners(name="A"), 'spec.listeners[0].name: Invalid value: "A": '),
        (GATEWAY, listeners(name="x" * 254), "spec.listeners[0].name: Too long: may not be more than 253 bytes"),
        (GATEWAY, listeners(hostname="1.2.3.4/8"), "spec.listeners[0].hostname: Invalid value: "),
        (GATEWAY, listeners(hostname="*."), "spec.listeners[0].hostname: Invalid value: "),
        (GATEWAY, listeners(hostname="a\n"), "spec.listeners[0].hostname: Invalid value: "),
        (
            GATEWAY,
            listeners(tls={"mode": "Maybe"}),
            'spec.listeners[0].tls.mode: Unsupported value: "Maybe": supported values: "Terminate", "Passthrough"',
        ),
        (GRPC_ROUTE, rules(backendRefs=[{}]), "spec.rules[0].backendRefs[0].name: Required value"),
        (GRPC_ROUTE, rules(backendRefs=[{"name": "a", "weight": -1}]), "spec.rules[0].backendRefs[0].weight: Invalid"),
        (GRPC_ROUTE, rules(filters=[{}] * 17), "spec.rules[0].filters: Too many: 17: must have at most 16 items"),
        (
            GRPC_ROUTE,
            rules(matches=[{"headers": [{"name": "a", "value": "b"}] * 2}]),
            'spec.rules[0].matches[0].headers[1]: Duplicate value: {"name":"a"}',
        ),
        (CERTIFICATE, {"spec": {}}, "spec.secretName: Required value"),
        (CERTIFICATE, certificate(usages=["fun"]), 'spec.usages[0]: Unsupported value: "fun"'),
        (CERTIFICATE, certificate(privateKey={"algorithm": "DSA"}), "spec.privateKey.algorithm: Unsupported value"),
        (POD, {"spec": {"containers": [{}]}}, "spec.containers[0].name: Required value"),
        (POD, {"spec": {"containers": [], "restartPolicy": "Maybe"}}, "spec.restartPolicy: Unsupported value"),
    ],
)
def test_broken_rules_are_worded_as_kubernetes_words_them(kind: Kind, obj: Any, message: str) -> None:
    found = [str(problem) for problem in check.rule_problems(schema_of(kind), obj)]
    assert any(each.startswith(message) for each in found), found


@pytest.mark.parametrize("hostname", ["a", "a.b", "*.a.b", "1.example"])
def test_hostnames_that_are_fine(hostname: str) -> None:
    assert check.rule_problems(schema_of(GATEWAY), listeners(hostname=hostname)) == []


def test_a_pattern_costs_linear_time() -> None:
    assert check.rule_problems(schema_of(GATEWAY), listeners(hostname="a-" * 100 + "!"))
