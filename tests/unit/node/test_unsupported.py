"""What the node leaves out of a Pod is said."""

from collections.abc import Callable
from typing import Any

import pytest

from gatelab.kinds.pods import Pod
from gatelab.node.pods.unsupported import unsupported

MakePod = Callable[..., Pod]


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"volumeMounts": [{"name": "v", "mountPath": "/certs"}]}, "container main: volumeMounts (/certs)"),
        ({"lifecycle": {"postStart": {"exec": {"command": ["x"]}}}}, "container main: lifecycle.postStart"),
        ({"lifecycle": {"preStop": {"exec": {"command": ["x"]}}}}, "the lab has preStop.sleep"),
        ({"livenessProbe": {"exec": {"command": ["x"]}}}, "livenessProbe.exec always fails"),
    ],
)
def test_each_is_named_with_what_to_use_instead(make_pod: MakePod, container: dict[str, Any], message: str) -> None:
    (said,) = unsupported(make_pod(container))
    assert message in said


def test_init_containers_are_named(make_pod: MakePod) -> None:
    (said,) = unsupported(make_pod(initContainers=[{"name": "first"}, {"name": "second"}]))
    assert "spec.initContainers (first, second)" in said


def test_nothing_is_said_of_what_works(make_pod: MakePod) -> None:
    probe = {"grpc": {"port": 80}}
    container = {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}, "startupProbe": probe, "livenessProbe": probe}
    assert unsupported(make_pod(container)) == ()
