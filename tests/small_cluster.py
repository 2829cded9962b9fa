"""A small cluster for tests of controllers: the store, eyes on it, and a fake kubelet; no API server, no processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fake_kubelet import FakeKubelet
from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Applied, Deleted, Replaced
from gatelab.kinds.builtin import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    NAMESPACE,
    NODE,
    POD,
    REPLICA_SET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
)
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.reconcile import Controller, Runtime
from gatelab.store import Store

KINDS = (
    *(POD, REPLICA_SET, DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CONTROLLER_REVISION),
    *(SERVICE, ENDPOINT_SLICE, EVENT, NAMESPACE, SERVICE_ACCOUNT, NODE, CONFIG_MAP),
)


@dataclass
class World:
    """What a test does and waits for. Objects are those of namespace n unless a key says otherwise."""

    store: Store
    cluster: EmbeddedCluster
    kubelet: FakeKubelet
    state: dict[Kind, dict[Key, Object]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    checks: list[Callable[["World"], None]] = field(default_factory=list)
    """Called on every watch event."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, claim: Callable[[], bool]) -> None:
        """Waits until the claim is true."""
        async with asyncio.timeout(40), self.changed:
            await self.changed.wait_for(claim)

    def all(self, kind: Kind) -> Sequence[Object]:
        return [each for _, each in sorted(self.state[kind].items())]

    def active_pods(self) -> Sequence[Object]:
        return [each for each in self.all(POD) if not is_being_deleted(each)]

    def ready_pods(self) -> Sequence[Object]:
        return [each for each in self.active_pods() if is_ready(each)]

    def get(self, kind: Kind, name: str) -> Object:
        return self.state[kind][Key("n", name)]

    @asynccontextmanager
    async def controlled(self, controllers: Iterable[Controller]) -> AsyncIterator[None]:
        """The controllers run during the block, and are gone after it."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(Runtime(self.cluster, list(controllers)).run())
            yield
            task.cancel()

    async def deploy(self, name: str = "web", image: str = "one", **spec: Any) -> Object:
        """Creates a Deployment of five; keywords are fields of its spec."""
        template = template_of(name, image)
        defaults: dict[str, Any] = {"replicas": 5, "selector": {"matchLabels": {"app": name}}, "template": template}
        obj = {"metadata": {"name": name, "namespace": "n"}, "spec": defaults | spec}
        return await self.cluster.create(DEPLOYMENT, obj)

    async def change(self, name: str = "web", **spec: Any) -> Object:
        """Patches the spec of a Deployment."""
        return await self.cluster.patch(DEPLOYMENT, Key("n", name), {"spec": spec})

    async def follow(self, kind: Kind) -> None:
        async for event in self.cluster.watch(kind):
            match event:
                case Replaced(objects):
                    self.state[kind] = {key_of(each): each for each in objects}
                case Applied(obj):
                    self.state[kind][key_of(obj)] = obj
                case Deleted(obj):
                    self.state[kind].pop(key_of(obj), None)
            async with self.changed:
                self.changed.notify_all()
            for check in self.checks:
                check(self)


def template_of(app: str, image: str) -> dict[str, Any]:
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, "restartPolicy": "Always"}}


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


@asynccontextmanager
async def small_cluster() -> AsyncIterator[World]:
    """A namespace n, the kubelet and the eyes; no controllers."""
    store = Store.open(None)
    cluster = EmbeddedCluster(store)
    await cluster.create(NAMESPACE, {"metadata": {"name": "n"}})
    world = World(store, cluster, FakeKubelet(cluster))
    try:
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(world.follow(kind)) for kind in KINDS]
            running.append(tasks.create_task(world.kubelet.run()))
            yield world
            for task in running:
                task.cancel()
    finally:
        await store.close()
