"""rollout, scale, get and describe of Deployments, StatefulSets and DaemonSets, with their controllers at work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest

from api_objects import deployment
from fake_kubelet import FakeKubelet
from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.kinds.builtin import NODE
from gatelab.reconcile import Runtime
from gatelab.workloads import controllers
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

IMAGE = "jsonpath={.spec.template.spec.containers[0].image}"
PLURALS = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps", "DaemonSet": "daemonsets.apps"}
ROLLED_OUT = {
    "Deployment": 'deployment "hello" successfully rolled out',
    "StatefulSet": "partitioned roll out complete: 2 new pods have been updated...",
    "DaemonSet": 'daemon set "hello" successfully rolled out',
}
every = pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])


@asynccontextmanager
async def at_work(api: Api) -> AsyncIterator[Kubectl]:
    """A kubectl on an API with the workload controllers, a node and a kubelet that makes pods ready."""
    async with api() as kubectl:
        cluster = EmbeddedCluster(kubectl.store)
        await cluster.create(NODE, {"metadata": {"name": "gatelab"}, "spec": {}})
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(Runtime(cluster, controllers(cluster)).run()),
                tasks.create_task(FakeKubelet(cluster).run()),
            ]
            yield kubectl
            for each in running:
                each.cancel()


def manifest(kind: str, **spec: Any) -> str:
    own: dict[str, Any] = {} if kind == "DaemonSet" else {"replicas": 2}
    own |= {"serviceName": "hello"} if kind == "StatefulSet" else {}
    obj = {**deployment("hello", **own, **spec), "kind": kind}
    return msgspec.json.encode(obj).decode()


@every
async def test_a_template_is_rolled_out_and_back(api: Api, kind: str) -> None:
    async with at_work(api) as kubectl:
        name = f"{kind.lower()}/hello"
        await kubectl.ok("apply", "-f", "-", stdin=manifest(kind))
        await kubectl.ok("rollout", "status", name, "--timeout=10s")
        await kubectl.ok("annotate", name, "kubernetes.io/change-cause=second")
        await kubectl.ok("set", "image", name, "hello=hello:2")
        said = await kubectl.ok("rollout", "status", name, "--timeout=10s")
        assert said.splitlines()[-1] == ROLLED_OUT[kind] or "rolling update complete 2 pods at revision" in said
        assert "hello:2" in await kubectl.ok("rollout", "history", name, "--revision=2")
        history = await kubectl.ok("rollout", "history", name)
        assert f"{PLURALS[kind].split('.')[0].rstrip('s')}.apps/hello" in history
        assert "second" in history
        assert "rolled back" in await kubectl.ok("rollout", "undo", name)
        await kubectl.ok("rollout", "status", name, "--timeout=10s")
        assert await kubectl.ok("get", name, "-o", IMAGE) == "hello:1"
        assert "3         " in await kubectl.ok("rollout", "history", name)
        await kubectl.ok("rollout", "restart", name)
        await kubectl.ok("rollout", "status", name, "--timeout=10s")
        assert "rolled back" in await kubectl.ok("rollout", "undo", name, "--to-revision=2")
        assert await kubectl.ok("get", name, "-o", IMAGE) == "hello:2"


@every
async def test_described(api: Api, kind: str) -> None:
    async with at_work(api) as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=manifest(kind))
        await kubectl.ok("rollout", "status", f"{kind.lower()}/hello", "--timeout=10s")
        text = await kubectl.ok("describe", kind.lower(), "hello")
        assert "Selector:" in text
        assert "hello:1" in text
        assert "ScalingReplicaSet" in text if kind == "Deployment" else "SuccessfulCreate" in text
        assert "unknown" not in (await kubectl("get", f"{kind.lower()}/hello")).text


async def test_tables(api: Api) -> None:
    async with at_work(api) as kubectl:
        for kind in ("StatefulSet", "DaemonSet"):
            await kubectl.ok("apply", "-f", "-", stdin=manifest(kind))
            await kubectl.ok("rollout", "status", f"{kind.lower()}/hello", "--timeout=10s")
        head, row = (await kubectl.ok("get", "sts", "-o", "wide")).splitlines()
        assert head.split() == ["NAME", "READY", "AGE", "CONTAINERS", "IMAGES"]
        assert row.split()[:2] == ["hello", "2/2"]
        head, row = (await kubectl.ok("get", "ds")).splitlines()
        assert head.split() == [
            "NAME",
            "DESIRED",
            "CURRENT",
            "READY",
            "UP-TO-DATE",
            "AVAILABLE",
            "NODE",
            "SELECTOR",
            "AGE",
        ]
        assert row.split()[:7] == ["hello", "1", "1", "1", "1", "1", "<none>"]
        text = await kubectl.ok("get", "controllerrevisions")
        assert text.splitlines()[0].split() == ["NAME", "CONTROLLER", "REVISION", "AGE"]
        assert {each.split()[1] for each in text.splitlines()[1:]} == {"statefulset.apps/hello", "daemonset.apps/hello"}
        assert {"statefulset.apps/hello", "daemonset.apps/hello"} <= set(
            (await kubectl.ok("get", "all", "-o", "name")).split()
        )


async def test_a_stateful_set_is_scaled_and_keeps_what_may_not_change(api: Api) -> None:
    async with at_work(api) as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=manifest("StatefulSet"))
        await kubectl.ok("scale", "sts/hello", "--replicas=3")
        await kubectl.ok("rollout", "status", "sts/hello", "--timeout=10s")
        assert (await kubectl.ok("get", "pods", "-o", "name")).split() == [f"pod/hello-{each}" for each in range(3)]
        refused = await kubectl("patch", "sts", "hello", "-p", '{"spec": {"serviceName": "other"}}')
        assert 'The StatefulSet "hello" is invalid: spec: Forbidden: updates to statefulset spec' in refused.err
        partition = '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}'
        await kubectl.ok("patch", "sts", "hello", "-p", partition)
        await kubectl.ok("set", "image", "sts/hello", "hello=hello:2")
        said = await kubectl.ok("rollout", "status", "sts/hello", "--timeout=10s")
        assert "partitioned roll out complete: 1 new pods have been updated" in said


async def test_claims_are_stored_and_said_not_to_be_acted_on(api: Api) -> None:
    claims = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    async with at_work(api) as kubectl:
        applied = await kubectl("apply", "-f", "-", stdin=manifest("StatefulSet", volumeClaimTemplates=claims))
        assert applied.code == 0
        assert "Warning: StatefulSet spec.volumeClaimTemplates is stored, gatelab does not act on it" in applied.err
        await kubectl.ok("rollout", "status", "sts/hello", "--timeout=10s")
        assert "VolumeClaimsNotSupported" in await kubectl.ok("describe", "sts", "hello")
        volumes = "jsonpath={.spec.volumes[*].name}"
        assert await kubectl.ok("get", "pod", "hello-0", "-o", volumes) == "data"


async def test_a_deployment_is_paused_and_resumed(api: Api) -> None:
    async with at_work(api) as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=manifest("Deployment"))
        await kubectl.ok("rollout", "status", "deploy/hello", "--timeout=10s")
        await kubectl.ok("rollout", "pause", "deploy/hello")
        await kubectl.ok("set", "image", "deploy/hello", "hello=hello:2")
        await kubectl.ok("wait", "deploy/hello", "--for=condition=Progressing=Unknown", "--timeout=10s")
        assert (
            "rollback a paused deployment" in (await kubectl("rollout", "undo", "deploy/hello", "--to-revision=1")).err
        )
        await kubectl.ok("rollout", "resume", "deploy/hello")
        await kubectl.ok("rollout", "status", "deploy/hello", "--timeout=10s")
        images = await kubectl.ok("get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}")
        assert set(images.split()) == {"hello:2"}
