"""Pods as JSON and as views, short."""

from collections.abc import Callable
from typing import Any

import pytest

from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view


def pod_object(*containers: dict[str, Any], name: str = "hello", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "labels": {"app.kubernetes.io/name": "hello"},
            "annotations": {"note": "yes"},
        },
        "spec": {
            "nodeName": "gatelab",
            "containers": [{"name": "main", "image": "test:1", **each} for each in containers or ({},)],
            **spec,
        },
    }


@pytest.fixture
def make_object() -> Callable[..., dict[str, Any]]:
    return pod_object


@pytest.fixture
def make_pod() -> Callable[..., Pod]:
    def make(*containers: dict[str, Any], **spec: Any) -> Pod:
        return view(Pod, pod_object(*containers, **spec))

    return make
