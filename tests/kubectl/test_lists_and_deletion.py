"""Lists in pieces, cascades of deletion, explain, what is stored only, and what is not served."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT
from gatelab.kinds.objects import Key
from kubectl_objects import put
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

NAMES = [f"cm-{number:02}" for number in range(11)]
UNKNOWN = """
apiVersion: batch/v1
kind: Job
metadata: {name: j}
---
apiVersion: apps/v2
kind: Deployment
metadata: {name: d}
"""


async def test_a_list_in_pieces_is_whole(api: Api) -> None:
    async with api() as kubectl:
        for name in NAMES:
            await put(kubectl.store, CONFIG_MAP, {"metadata": {"name": name, "namespace": "default"}})
        table = await kubectl.ok("get", "cm", "--chunk-size=3", "--no-headers")
        assert [line.split()[0] for line in table.splitlines()] == NAMES
        objects = await kubectl.ok("get", "cm", "--chunk-size=2", "-o", "name")
        assert objects.splitlines() == [f"configmap/{name}" for name in NAMES]
        refused = await kubectl("get", "cm", "--field-selector=data.a=b")
        assert 'field selector "data.a=b"' in refused.err
        assert '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"' in refused.err


async def test_dependents_are_orphaned_or_wait(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("create", "deployment", "web", "--image=a:1")
        uid = kubectl.store.get(DEPLOYMENT, Key("default", "web")).uid
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "blockOwnerDeletion": True}
        leaf = {"name": "leaf", "namespace": "default", "ownerReferences": [owner]}
        await put(kubectl.store, CONFIG_MAP, {"metadata": leaf})
        await kubectl.ok("delete", "deployment", "web", "--cascade=orphan", "--timeout=10s")
        assert await kubectl.ok("get", "cm", "leaf", "-o", "jsonpath={.metadata.ownerReferences}") == ""

        await kubectl.ok("create", "deployment", "web", "--image=a:1")
        uid = kubectl.store.get(DEPLOYMENT, Key("default", "web")).uid
        held = {**leaf, "name": "held", "finalizers": ["a.b/c"], "ownerReferences": [{**owner, "uid": uid}]}
        await put(kubectl.store, CONFIG_MAP, {"metadata": held})
        await kubectl.ok("delete", "deployment", "web", "--cascade=foreground", "--wait=false")
        finalizers = await kubectl.ok("get", "deployment", "web", "-o", "jsonpath={.metadata.finalizers}")
        assert finalizers == '["foregroundDeletion"]'
        await kubectl.ok("patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        await kubectl.ok("wait", "--for=delete", "deployment/web", "--timeout=10s")


async def test_an_ending_namespace_says_what_it_waits_for(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("create", "namespace", "shop")
        held = {"name": "held", "namespace": "shop", "finalizers": ["a.b/c"]}
        await put(kubectl.store, CONFIG_MAP, {"metadata": held})
        await kubectl.ok("delete", "namespace", "shop", "--wait=false")
        await kubectl.ok("wait", "--for=condition=NamespaceFinalizersRemaining", "namespace/shop", "--timeout=10s")
        refused = await kubectl("create", "configmap", "late", "-n", "shop")
        assert "unable to create new content in namespace shop because it is being terminated" in refused.err
        refused = await kubectl("delete", "namespace", "kube-system")
        assert "not found" in refused.err or "this namespace may not be deleted" in refused.err


async def test_what_nothing_acts_on_is_said(api: Api) -> None:
    async with api() as kubectl:
        role = await kubectl("create", "role", "r", "--verb=get", "--resource=pods")
        assert (role.out, role.err) == (
            "role.rbac.authorization.k8s.io/r created\n",
            "Warning: Role is stored; gatelab does not act on it\n",
        )
        binding = await kubectl("create", "rolebinding", "b", "--role=r", "--user=u")
        assert binding.out == "rolebinding.rbac.authorization.k8s.io/b created\n"
        await kubectl.ok("create", "serviceaccount", "bot")
        token = await kubectl("create", "token", "bot")
        assert token.out.strip()
        assert "Warning: the lab has one token, which may do everything" in token.err
        assert "Role/r" in await kubectl.ok("get", "rolebinding", "b")


async def test_what_is_not_served_has_no_matches(api: Api, tmp_path: Path) -> None:
    manifest = tmp_path / "unknown.yaml"
    manifest.write_text(UNKNOWN)
    async with api() as kubectl:
        refused = await kubectl("apply", "-f", str(manifest))
    assert 'no matches for kind "Job" in version "batch/v1"' in refused.err
    assert 'no matches for kind "Deployment" in version "apps/v2"' in refused.err


async def test_fields_are_explained(api: Api) -> None:
    async with api() as kubectl:
        grace = await kubectl.ok("explain", "deployment.spec.template.spec.terminationGracePeriodSeconds")
        assert "How long the pod may take to end before it is killed; 30 by default." in grace
        everything = await kubectl.ok("explain", "pod", "--recursive")
        assert "terminationGracePeriodSeconds" in everything
        assert "*.*" in await kubectl.ok("auth", "can-i", "--list")
