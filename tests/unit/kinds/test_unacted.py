"""What is said about fields and kinds that are stored and not acted on."""

from typing import Any

import msgspec
import pytest

import api_objects as make
from gatelab.kinds import builtin, channels, stored_only, unacted
from gatelab.kinds.apps import DeploymentSpec
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.pods import Container, PodSpec
from gatelab.kinds.schemas import catalogue

LIMITS = {"limits": {"cpu": "1"}}


def said(kind: Kind, obj: Any) -> list[str]:
    return unacted.warnings(kind, obj)


@pytest.mark.parametrize(
    ("kind", "obj", "text"),
    [
        (
            builtin.SERVICE,
            make.service(sessionAffinity="ClientIP"),
            (
                "Service spec.sessionAffinity: ClientIP is stored, gatelab does not act on it; "
                "connections are spread; remove the field"
            ),
        ),
        (
            builtin.POD,
            make.pod(containers=[make.container(), make.container(name="b", resources=LIMITS)]),
            "Pod spec.containers[1].resources is stored, gatelab does not act on it; nothing is limited or reserved",
        ),
        (
            builtin.DEPLOYMENT,
            make.deployment(template={"spec": {"affinity": {"podAffinity": {"x": []}}}}),
            (
                "Deployment spec.template.spec.affinity.podAffinity is stored, gatelab does not act on it; "
                "the lab has one node, and every pod runs there"
            ),
        ),
        (
            builtin.SERVICE_ACCOUNT,
            {"imagePullSecrets": [{"name": "x"}]},
            (
                "ServiceAccount imagePullSecrets is stored, gatelab does not act on it; "
                "images are programs of this machine, and nothing is pulled"
            ),
        ),
        (
            builtin.CERTIFICATE,
            {"spec": {"keystores": {"jks": {"create": True}}}},
            (
                "Certificate spec.keystores is stored, gatelab does not act on it; "
                "the Secret gets PEM only; see additionalOutputFormats"
            ),
        ),
        (
            builtin.HTTP_ROUTE,
            {"spec": {"useDefaultGateways": "All"}},
            (
                "HTTPRoute spec.useDefaultGateways: All is stored, gatelab does not act on it; "
                "routes attach to the Gateways that parentRefs name"
            ),
        ),
        *((kind, {}, f"{kind.name} is stored; gatelab does not act on it") for kind in stored_only.STORED_ONLY),
    ],
)
def test_a_field_is_named_with_its_fix(kind: Kind, obj: Any, text: str) -> None:
    assert said(kind, obj) == [text]


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        (builtin.SERVICE, make.service(type="LoadBalancer")),
        (builtin.POD, make.pod(securityContext={}, containers=[make.container(resources={})])),
        (builtin.DEPLOYMENT, make.deployment()),
        (builtin.DAEMON_SET, make.deployment()),
        (builtin.CONFIG_MAP, {"data": {"spec": "x"}}),
    ],
    ids=lambda value: str(value) if isinstance(value, Kind) else "",
)
def test_nothing_is_said_about_defaults(kind: Kind, obj: Any) -> None:
    assert said(kind, with_defaults(kind, obj)) == []


@pytest.mark.parametrize("kind", [builtin.DEPLOYMENT, builtin.DAEMON_SET])
def test_nothing_is_said_about_what_the_scheduler_looks_at(kind: Kind) -> None:
    spec = {
        "nodeSelector": {"a": "b"},
        "affinity": {"nodeAffinity": {"x": []}},
        "tolerations": [{"operator": "Exists"}],
    }
    assert said(kind, make.deployment(template={"spec": spec})) == []


@pytest.mark.parametrize("plural", unacted.FIELDS)
def test_every_field_is_one_of_the_schema(plural: str) -> None:
    kind = next(each for each in builtin.BUILTIN if each.qualified_plural == plural)
    for field in unacted.FIELDS[plural]:
        schema = catalogue.schema_of(kind)
        for name in field.path.split("."):
            schema = catalogue.resolved(catalogue.resolved(schema)["properties"][name.removesuffix("[]")])
            schema = schema["items"] if name.endswith("[]") else schema


def test_no_field_is_one_that_controllers_read() -> None:
    """Fails when somebody has made a field real: then its line goes. Resources are read to be shown."""
    shown = {"resources"}
    read = {
        each.encode_name
        for view in (PodSpec, Container, DeploymentSpec)
        for each in msgspec.structs.fields(view)
        if each.encode_name not in shown
    }
    assert not read & {field.path.rpartition(".")[2] for field in unacted.FIELDS["deployments.apps"]}


@pytest.mark.parametrize("plural", channels.EXPERIMENTAL)
def test_every_experimental_field_is_one_of_the_schema(plural: str) -> None:
    kind = next(each for each in builtin.BUILTIN if each.qualified_plural == plural)
    for path in channels.EXPERIMENTAL[plural]:
        schema = catalogue.schema_of(kind)
        for name in path.split("."):
            schema = catalogue.resolved(schema)["properties"][name.removesuffix("[]")]
            schema = schema["items"] if name.endswith("[]") else schema
