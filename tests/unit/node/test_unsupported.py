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
        ({"terminationMessagePath": "/x"}, "terminationMessagePath /x is not read"),
        ({"lifecycle": {"preStop": {"tcpSocket": {"port": 1}}}}, "lifecycle.preStop.tcpSocket is not run"),
    ],
)
def test_each_is_named_with_what_to_use_instead(make_pod: MakePod, container: dict[str, Any], message: str) -> None:
    (said,) = unsupported(make_pod(container))
    assert message in said


def test_init_containers_are_looked_at_too(make_pod: MakePod) -> None:
    hooks = {"postStart": {"tcpSocket": {"port": 1}}}
    (said,) = unsupported(make_pod(initContainers=[{"name": "first", "lifecycle": hooks}]))
    assert "container first: lifecycle.postStart" in said


def test_nothing_is_said_of_what_works(make_pod: MakePod) -> None:
    probe = {"grpc": {"port": 80}}
    container = {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}, "startupProbe": probe, "livenessProbe": probe}
    assert unsupported(make_pod(container)) == ()
