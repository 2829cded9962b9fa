"""What a container is started with."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from gatelab.kinds.pods import Pod
from gatelab.node.images import Image
from gatelab.node.pods.environment import ConfigError, Invocation, Values, expand, invocation, needed

MakePod = Callable[..., Pod]
USERS = Image(("server", "--fast"), ("--default",), {"A": "1"}, "/srv")
BUILT_IN = Image(("hello",), built_in=True)
HOST = {"PATH": "/bin"}


def started(pod: Pod, image: Image = USERS, values: Values | None = None) -> Invocation:
    return invocation(pod, pod.spec.containers[0], image, address="127.26.1.9", host=HOST, values=values or {})


def source(**value_from: Any) -> dict[str, Any]:
    return {"env": [{"name": "X", "valueFrom": value_from}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"),
        ("a$(A)b$(A)", "a1b1"),
        ("$(NONE)", "$(NONE)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A}", "$A ${A}"),
        ("$(A", "$(A"),
        ("100$", "100$"),
        ('{"path": "$(A)"}', '{"path": "1"}'),
    ],
)
def test_expansion_is_that_of_kubernetes(text: str, expected: str) -> None:
    assert expand(text, {"A": "1"}) == expected


@pytest.mark.parametrize(
    ("container", "argv"),
    [
        ({}, ("server", "--fast", "--default")),
        ({"args": ["--mine"]}, ("server", "--fast", "--mine")),
        ({"command": ["other"]}, ("other",)),
        ({"command": ["other"], "args": ["x", "$(A)", "$(GATELAB_POD_IP)"]}, ("other", "x", "1", "127.26.1.9")),
    ],
)
def test_command_and_args_are_entrypoint_and_cmd(
    make_pod: MakePod, container: dict[str, Any], argv: tuple[str, ...]
) -> None:
    assert started(make_pod(container)).argv == argv


def test_the_environment_is_clean_and_in_order(make_pod: MakePod) -> None:
    env = [{"name": "B", "value": "$(A)2"}, {"name": "C", "value": "$(B)$(D)"}, {"name": "D", "value": "later"}]
    assert started(make_pod({"env": env})).env == {
        "PATH": "/bin",
        "HOSTNAME": "hello",
        "GATELAB_POD_IP": "127.26.1.9",
        "A": "1",
        "B": "12",
        "C": "12$(D)",
        "D": "later",
    }


def test_built_in_images_learn_who_they_are_unless_the_pod_says_otherwise(make_pod: MakePod) -> None:
    env = started(make_pod({"env": [{"name": "POD_NAME", "value": "mine"}]}), BUILT_IN).env
    assert (env["POD_IP"], env["POD_NAME"], env["NODE_NAME"]) == ("127.26.1.9", "mine", "gatelab")
    assert "POD_IP" not in started(make_pod()).env


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "hello"),
        ("metadata.namespace", "default"),
        ("metadata.uid", "uid-hello"),
        ("metadata.labels['app.kubernetes.io/name']", "hello"),
        ("metadata.annotations['note']", "yes"),
        ("metadata.annotations['none']", ""),
        ("spec.nodeName", "gatelab"),
        ("spec.serviceAccountName", "default"),
        ("status.podIP", "127.26.1.9"),
        ("status.podIPs", "127.26.1.9"),
        ("status.hostIP", "127.26.0.1"),
    ],
)
def test_the_downward_api(make_pod: MakePod, path: str, value: str) -> None:
    assert started(make_pod(source(fieldRef={"fieldPath": path}))).env["X"] == value


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "2"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"resource": "limits.memory"}, str(64 << 20)),
        ({"resource": "limits.memory", "divisor": "1Mi", "containerName": "main"}, "64"),
        ({"resource": "requests.cpu", "divisor": "1m"}, "100"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "64"),
    ],
)
def test_a_containers_own_resources(make_pod: MakePod, reference: dict[str, str], value: str) -> None:
    resources = {"limits": {"cpu": "1500m", "memory": "64Mi"}, "requests": {"cpu": "100m"}}
    pod = make_pod({**source(resourceFieldRef=reference), "resources": resources})
    assert started(pod).env["X"] == value


def test_without_limits_a_container_has_the_node(make_pod: MakePod) -> None:
    limit, request = (source(resourceFieldRef={"resource": f"{each}.cpu"}) for each in ("limits", "requests"))
    assert started(make_pod(limit)).env["X"] == str(os.cpu_count())
    assert started(make_pod(request)).env["X"] == "0"


def test_keys_of_config_maps_and_secrets(make_pod: MakePod) -> None:
    pod = make_pod(source(secretKeyRef={"name": "s", "key": "k"}))
    assert needed(pod.spec.containers[0]) == {("Secret", "s")}
    assert started(pod, values={("Secret", "s"): {"k": "v"}}).env["X"] == "v"


def test_all_of_a_config_map_with_a_prefix(make_pod: MakePod) -> None:
    pod = make_pod({"envFrom": [{"prefix": "P_", "configMapRef": {"name": "c"}}]})
    assert needed(pod.spec.containers[0]) == {("ConfigMap", "c")}
    assert started(pod, values={("ConfigMap", "c"): {"k": "v"}}).env["P_k"] == "v"


@pytest.mark.parametrize(
    ("container", "values", "message"),
    [
        (source(fieldRef={"fieldPath": "spec.x"}), {}, "fieldPath 'spec.x' is none of"),
        (source(configMapKeyRef={"name": "c", "key": "k"}), {("ConfigMap", "c"): None}, 'configmap "c" not found'),
        (source(configMapKeyRef={"name": "c", "key": "k"}), {("ConfigMap", "c"): {}}, "couldn't find key k in"),
        (source(), {}, "use one of them, or a value"),
        (
            source(resourceFieldRef={"resource": "limits.disk"}),
            {},
            "'limits.disk' is none of limits or requests of cpu, ",
        ),
        (source(resourceFieldRef={"resource": "limits.cpu", "containerName": "b"}), {}, 'no container "b"'),
        (source(resourceFieldRef={"resource": "limits.cpu", "divisor": "x"}), {}, "quantity 'x' is not a number"),
        ({"envFrom": [{"secretRef": {"name": "s"}}]}, {("Secret", "s"): None}, 'secret "s" not found'),
    ],
)
def test_what_cannot_be_resolved_names_itself(
    make_pod: MakePod, container: dict[str, Any], values: Values, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        started(make_pod(container), values=values)
    assert message in str(caught.value)


def test_optional_ones_may_be_missing(make_pod: MakePod) -> None:
    pod = make_pod(source(configMapKeyRef={"name": "c", "key": "k", "optional": True}))
    assert "X" not in started(pod, values={("ConfigMap", "c"): None}).env


def test_an_invocation_does_not_show_its_environment(make_pod: MakePod) -> None:
    pod = make_pod(source(secretKeyRef={"name": "s", "key": "k"}))
    assert "hunter2" not in repr(started(pod, values={("Secret", "s"): {"k": "hunter2"}}))


def test_the_host_name_is_the_one_that_the_pod_asks_for(make_pod: MakePod) -> None:
    assert started(make_pod()).env["HOSTNAME"] == "hello"
    assert started(make_pod(hostname="other")).env["HOSTNAME"] == "other"


def test_storage_is_a_resource_too(make_pod: MakePod) -> None:
    ref = {"resource": "limits.ephemeral-storage", "divisor": "1Mi"}
    pod = make_pod({**source(resourceFieldRef=ref), "resources": {"limits": {"ephemeral-storage": "1Gi"}}})
    assert started(pod).env["X"] == "1024"
