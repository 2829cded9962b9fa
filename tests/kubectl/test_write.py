"""create, patch, scale, rollout, wait, delete."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from api_objects import pod
from gatelab.kinds.builtin import DEPLOYMENT, POD
from gatelab.kinds.objects import Key
from kubectl_objects import put, put_workload
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

HELLO = Key("default", "hello")
IMAGE = "jsonpath={.spec.template.spec.containers[0].image}"


@pytest.mark.parametrize(
    ("arguments", "read", "expected"),
    [
        (("namespace", "x"), ("ns", "x", "-o", "jsonpath={.status.phase}"), "Active"),
        (
            ("deployment", "x", "--image=a:1", "--replicas=0", "--port=80"),
            (
                "deploy",
                "x",
                "-o",
                "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}",
            ),
            "0 80",
        ),
        (("configmap", "x", "--from-literal=a=b"), ("cm", "x", "-o", "jsonpath={.data.a}"), "b"),
        (("secret", "generic", "x", "--from-literal=a=b"), ("secret", "x", "-o", "jsonpath={.data.a}"), "Yg=="),
        (
            ("service", "nodeport", "x", "--tcp=80:8080"),
            ("svc", "x", "-o", "jsonpath={.spec.type} {.spec.ports[0].targetPort}"),
            "NodePort 8080",
        ),
        (("serviceaccount", "x"), ("sa", "x", "-o", "name"), "serviceaccount/x\n"),
    ],
)
async def test_create(api: Api, arguments: tuple[str, ...], read: tuple[str, ...], expected: str) -> None:
    """These come as protobuf."""
    async with api() as kubectl:
        await kubectl.ok("create", *arguments)
        assert await kubectl.ok("get", *read) == expected
        assert "already exists" in (await kubectl("create", *arguments)).err


async def test_run_and_expose(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("run", "x", "--image=a:1", "--port=80", "--labels=app=x", "--env=A=b")
        await kubectl.ok("expose", "pod", "x", "--port=80", "--name=x")
        assert await kubectl.ok("get", "svc", "x", "-o", "jsonpath={.spec.selector.app}") == "x"


@pytest.mark.parametrize(
    ("type_", "patch"),
    [
        ("strategic", '{"spec": {"template": {"spec": {"containers": [{"name": "hello", "image": "b"}]}}}}'),
        ("merge", '{"spec": {"template": {"spec": {"containers": [{"name": "hello", "image": "b"}]}}}}'),
        ("json", '[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "b"}]'),
    ],
)
async def test_patches(api: Api, type_: str, patch: str) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        await kubectl.ok("patch", "deploy", "hello", f"--type={type_}", "-p", patch)
        assert await kubectl.ok("get", "deploy", "hello", "-o", IMAGE) == "b"


async def test_small_changes(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        await kubectl.ok("label", "deploy/hello", "a=b")
        await kubectl.ok("annotate", "deploy/hello", "c=d")
        await kubectl.ok("set", "image", "deploy/hello", "hello=hello:2")
        await kubectl.ok("set", "env", "deploy/hello", "A=b")
        await kubectl.ok("rollout", "restart", "deploy/hello")
        await kubectl.ok("scale", "deploy/hello", "--replicas=4", "--current-replicas=1")
        obj = kubectl.store.get(DEPLOYMENT, HELLO).object
        assert obj["metadata"]["labels"] == {"a": "b"}
        assert obj["metadata"]["annotations"]["c"] == "d"
        assert obj["spec"]["replicas"] == 4
        template = obj["spec"]["template"]
        assert template["spec"]["containers"][0]["image"] == "hello:2"
        assert template["spec"]["containers"][0]["env"] == [{"name": "A", "value": "b"}]
        assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
        await kubectl.ok("label", "deploy/hello", "a-")
        assert "labels" not in kubectl.store.get(DEPLOYMENT, HELLO).object["metadata"]


async def test_rollouts_are_followed(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        assert "successfully rolled out" in await kubectl.ok("rollout", "status", "deploy/hello")
        assert "1         <none>" in await kubectl.ok("rollout", "history", "deploy/hello")


async def test_waiting_ends_when_what_is_waited_for_comes(api: Api) -> None:
    async with api() as kubectl:
        await put(kubectl.store, POD, pod("a"))
        waiting = [
            await kubectl.start("wait", "pod/a", "--timeout=15s", f"--for={what}")
            for what in ("condition=Ready", "jsonpath={.status.phase}=Running")
        ]
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        change = {"metadata": {"name": "a", "namespace": "default"}, "status": ready}
        await kubectl.store.update(POD, change, subresource="status")
        async with asyncio.timeout(20):
            assert [await each.wait() for each in waiting] == [0, 0]
            gone = await kubectl.start("wait", "pod/a", "--timeout=15s", "--for=delete")
            await kubectl.store.delete(POD, Key("default", "a"))
            assert await gone.wait() == 0


async def test_a_wait_in_vain_fails(api: Api) -> None:
    async with api() as kubectl:
        await put(kubectl.store, POD, pod("a"))
        outcome = await kubectl("wait", "pod/a", "--for=condition=Ready", "--timeout=200ms")
        assert (outcome.code, "timed out" in outcome.err) == (1, True)


async def test_deletion_waits_for_the_node(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        deleting = await kubectl.start("delete", "pod", "hello-1-a", "--now")
        place = Key("default", "hello-1-a")
        watch = kubectl.store.watch(POD, since=kubectl.store.version)
        async with asyncio.timeout(20):
            async for change in watch:
                assert change.stored.metadata["deletionGracePeriodSeconds"] == 1
                break
            assert deleting.returncode is None
            await kubectl.store.delete(POD, place, grace_period_s=0)
            assert await deleting.wait() == 0


async def test_forced_deletion_does_not_wait(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        await kubectl.ok("delete", "pod", "hello-1-a", "--grace-period=0", "--force")
        assert (await kubectl("get", "pod", "hello-1-a")).code == 1


async def test_namespaces_and_collections_go(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("create", "namespace", "x")
        await kubectl.ok("-n", "x", "create", "configmap", "c")
        await kubectl.ok("delete", "namespace", "x")
        assert "not found" in (await kubectl("get", "namespace", "x")).err
        await kubectl.ok("create", "configmap", "c")
        await kubectl.ok("delete", "configmap", "--all")
        assert await kubectl.ok("get", "configmap", "-o", "name") == ""
        assert "forbidden" in (await kubectl("delete", "namespace", "default")).err.lower()
