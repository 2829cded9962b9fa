"""What cert-manager's webhook refuses, each by a Certificate or an issuer that breaks it."""

from typing import Any

import pytest

from gatelab.kinds.builtin import CERTIFICATE, CLUSTER_ISSUER
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import rules
from gatelab.kinds.schemas.catalogue import schema_of
from gatelab.kinds.schemas.check import rule_problems

_WINDOW = {"cron": "0 * * * *", "windowDuration": "1h"}


def told(kind: Kind, spec: dict[str, Any]) -> str:
    """What is said about an object whose schema is kept."""
    obj = with_defaults(kind, {"metadata": {"name": "x"}, "spec": spec})
    assert rule_problems(schema_of(kind), obj) == []
    return "; ".join(str(each) for each in rules.broken(kind, obj, None))


def certificate(fields: dict[str, Any]) -> dict[str, Any]:
    return {"secretName": "s", "issuerRef": {"name": "i"}, "dnsNames": ["a"], **fields}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration": "59m"}, "certificate duration must be greater than 1h0m0s"),
        ({"renewBefore": "4m"}, "certificate renewBefore must be greater than 5m0s"),
        ({"renewBefore": "2160h"}, "certificate duration 2160h must be greater than it"),
        ({"renewBefore": "1h", "renewBeforePercentage": 30}, "are mutually exclusive"),
        ({"duration": "2h", "renewBeforePercentage": 100}, "spec.renewBeforePercentage: Invalid value"),
        ({"secretName": "A_b"}, 'spec.secretName: Invalid value: "A_b"'),
        ({"revisionHistoryLimit": 0}, "must not be less than 1"),
        (
            {"issuerRef": {"name": "i", "kind": "Isuer"}},
            "must be one of Issuer or ClusterIssuer (did you forget to set spec.issuerRef.group?)",
        ),
        ({"signatureAlgorithm": "PureEd25519"}, "for key algorithm RSA the allowed"),
        ({"privateKey": {"size": 1024}}, "must be between 2048 and 8192"),
        ({"literalSubject": "CN=a", "commonName": "a"}, "no `commonName` may be provided"),
        ({"literalSubject": "CN=a", "subject": {"countries": ["DE"]}}, "no `Subject` properties"),
        ({"secretTemplate": {"annotations": {"cert-manager.io/x": ""}}}, "are not allowed"),
        ({"secretTemplate": {"labels": {"a": "b c"}}}, "spec.secretTemplate.labels: Invalid value"),
        ({"additionalOutputFormats": [{"type": "DER"}] * 2}, 'Duplicate value: "DER"'),
        ({"keystores": {"jks": {"create": True}}}, "spec.keystores.jks: Forbidden: must set exactly"),
        ({"keystores": {"jks": {"create": True, "password": ""}}}, "cannot be empty"),
        (
            {"keystores": {"pkcs12": {"create": True, "password": "x", "passwordSecretRef": {"name": "y"}}}},
            "cannot set both",
        ),
        ({"renewal": {"policy": "Disabled", "windows": [_WINDOW]}}, "spec.renewal.windows: Forbidden"),
    ],
)
def test_a_certificate_is_refused(fields: dict[str, Any], message: str) -> None:
    assert message in told(CERTIFICATE, certificate(fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"issuerRef": {"name": "i", "kind": "Other", "group": "example.com"}},
        {"keystores": {"jks": {"create": True, "password": "x"}}},
        {"duration": "1h", "renewBefore": "5m"},
        {"renewBeforePercentage": 30, "duration": "2h"},
        {"signatureAlgorithm": "PureEd25519", "privateKey": {"algorithm": "Ed25519"}},
        {"literalSubject": "CN=a", "dnsNames": []},
        {"renewal": {"policy": "RenewBefore", "windows": [_WINDOW]}},
    ],
)
def test_a_certificate_is_taken(fields: dict[str, Any]) -> None:
    assert told(CERTIFICATE, certificate(fields)) == ""


def test_venafi_is_one_of_three() -> None:
    cloud = {"apiTokenSecretRef": {"name": "s"}}
    ngts = {"credentialsRef": {"name": "s"}, "tsgID": "x"}
    rule = 'spec.venafi: Invalid value: "object": exactly one of tpp, cloud, or ngts must be configured'
    assert told(CLUSTER_ISSUER, {"venafi": {"zone": "z", "cloud": cloud, "ngts": ngts}}) == rule
    assert told(CLUSTER_ISSUER, {"venafi": {"zone": "z", "ngts": ngts}}) == ""
