"""The rules of StatefulSets, DaemonSets and ControllerRevisions, each by an object that breaks it."""

from typing import Any

import pytest

import api_objects as make
from gatelab.kinds.builtin import CONTROLLER_REVISION, DAEMON_SET, STATEFUL_SET
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import rules

ROLLING = "spec.updateStrategy.rollingUpdate"
NAMES = {"app": "hello"}


def a_set(**spec: Any) -> Any:
    return make.deployment("hello", **spec)


def updated(type_: str = "RollingUpdate", **rolling: Any) -> Any:
    return a_set(updateStrategy={"type": type_, "rollingUpdate": rolling})


def with_pod(**spec: Any) -> Any:
    template = {"metadata": {"labels": NAMES}, "spec": {"containers": [make.container()], **spec}}
    return a_set(template=template)


def mounting(**spec: Any) -> Any:
    container = make.container(volumeMounts=[{"name": "data", "mountPath": "/data"}])
    template = {"metadata": {"labels": NAMES}, "spec": {"containers": [container]}}
    return a_set(template=template, **spec)


def named(name: str) -> Any:
    return {**a_set(), "metadata": {"name": name}}


@pytest.mark.parametrize(
    ("kind", "obj", "message"),
    [
        (STATEFUL_SET, named("a.b"), 'metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label'),
        (STATEFUL_SET, a_set(replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (STATEFUL_SET, a_set(ordinals={"start": -1}), "spec.ordinals.start: Invalid value: -1"),
        (
            STATEFUL_SET,
            a_set(podManagementPolicy="Fast"),
            "spec.podManagementPolicy: Invalid value: \"Fast\": must be 'OrderedReady' or 'Parallel'",
        ),
        (STATEFUL_SET, updated(partition=-1), f"{ROLLING}.partition: Invalid value: -1"),
        (STATEFUL_SET, updated(maxUnavailable=0), f"{ROLLING}.maxUnavailable: Invalid value: 0: cannot be 0"),
        (STATEFUL_SET, updated("OnDelete", partition=1), f"{ROLLING}: Invalid value: "),
        (STATEFUL_SET, updated("Recreate"), "spec.updateStrategy: Invalid value: "),
        (STATEFUL_SET, with_pod(activeDeadlineSeconds=3), "spec.template.spec.activeDeadlineSeconds: Forbidden"),
        (STATEFUL_SET, a_set(selector={"matchLabels": {"a": "b"}}), "spec.template.metadata.labels: Invalid value"),
        (STATEFUL_SET, mounting(), "spec.template.spec.containers[0].volumeMounts[0].name: Not found"),
        (DAEMON_SET, updated(maxUnavailable=0), f"{ROLLING}.maxUnavailable: Required value"),
        (DAEMON_SET, updated(maxSurge="10%"), f"{ROLLING}.maxSurge: Invalid value: "),
        (DAEMON_SET, updated(maxUnavailable="x"), f"{ROLLING}.maxUnavailable: Invalid value: "),
        (DAEMON_SET, updated("Recreate"), "spec.updateStrategy.type: Unsupported value"),
        (DAEMON_SET, a_set(minReadySeconds=-1), "spec.minReadySeconds: Invalid value: -1"),
        (DAEMON_SET, a_set(selector={}), "spec.selector: Invalid value: {}: empty selector is invalid for daemonset"),
        (CONTROLLER_REVISION, {"metadata": {"name": "x"}, "revision": 1}, "data: Required value"),
        (CONTROLLER_REVISION, {"metadata": {"name": "x"}, "data": {"a": 1}, "revision": -1}, "revision: Invalid"),
    ],
)
def test_broken(kind: Kind, obj: Any, message: str) -> None:
    found = rules.broken(kind, with_defaults(kind, obj), None)
    assert any(str(each).startswith(message) for each in found), found


@pytest.mark.parametrize("kind", [STATEFUL_SET, DAEMON_SET])
def test_whole(kind: Kind) -> None:
    obj = with_defaults(kind, a_set())
    assert rules.broken(kind, obj, obj) == []


def test_a_container_mounts_a_claim_by_its_name() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {}}
    assert rules.broken(STATEFUL_SET, with_defaults(STATEFUL_SET, mounting(volumeClaimTemplates=[claim])), None) == []


@pytest.mark.parametrize(
    ("kind", "after", "message"),
    [
        (
            STATEFUL_SET,
            a_set(serviceName="other"),
            "spec: Forbidden: updates to statefulset spec for fields other than",
        ),
        (DAEMON_SET, a_set(selector={"matchLabels": {}}), "spec.selector: Invalid value"),
    ],
)
def test_what_must_stay_stays(kind: Kind, after: Any, message: str) -> None:
    found = rules.broken(kind, with_defaults(kind, after), with_defaults(kind, a_set()))
    assert any(str(each).startswith(message) for each in found), found


@pytest.mark.parametrize("kind", [STATEFUL_SET, DAEMON_SET])
def test_defaults_once_and_twice(kind: Kind) -> None:
    once = with_defaults(kind, a_set())
    assert with_defaults(kind, once) == once
    assert once["spec"]["updateStrategy"]["type"] == "RollingUpdate"
