"""Pods as JSON and as views, short; a node that runs them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatelab.kinds.builtin import NAMESPACE
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.node.keeper.client import Keeper
from running_node import SERVER, Node


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


@pytest.fixture
async def stopped_node(tmp_path: Path) -> AsyncIterator[Node]:
    images = {
        "test/server:1": {"command": [sys.executable, "-S", "-c", SERVER]},
        "test/sleep:1": {"command": ["sleep", "60"]},
    }
    (tmp_path / "images.yaml").write_text(yaml.safe_dump({"images": images}))
    keeper = Keeper.start()
    asyncio.get_running_loop().add_reader(keeper.fileno(), keeper.receive)
    made = Node(tmp_path, keeper)
    await made.cluster.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    yield made
    asyncio.get_running_loop().remove_reader(keeper.fileno())
    keeper.close()


@pytest.fixture
async def node(stopped_node: Node) -> AsyncIterator[Node]:
    async with stopped_node.running():
        yield stopped_node
