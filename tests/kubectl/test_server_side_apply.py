"""apply --server-side: owners, conflicts, the way there from client-side apply."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from running_api import Kubectl
from web_manifest import DEPLOYMENT, owners

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

SSA = ("apply", "--server-side", "-f", "-")
REPLICAS = ("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}")


async def test_it_creates_and_then_changes_nothing(api: Api) -> None:
    async with api() as kubectl:
        assert await kubectl.ok(*SSA, stdin=DEPLOYMENT) == "deployment.apps/web serverside-applied\n"
        version = ("get", "deploy", "web", "-o", "jsonpath={.metadata.resourceVersion}")
        before = await kubectl.ok(*version)
        await kubectl.ok(*SSA, stdin=DEPLOYMENT)
        assert await kubectl.ok(*version) == before
        assert await owners(kubectl) == [("kubectl", "Apply")]
        assert "managedFields" not in await kubectl.ok("get", "deploy", "web", "-o", "yaml")


async def test_a_conflict_is_explained_and_can_be_forced(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok(*SSA, stdin=DEPLOYMENT)
        await kubectl.ok("scale", "deploy/web", "--replicas=5")
        refused = await kubectl(*SSA, stdin=DEPLOYMENT)
        assert refused.code == 1
        said = 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
        assert f"Apply failed with 1 conflict: {said}" in refused.err
        assert "--force-conflicts" in refused.err
        assert await kubectl.ok(*REPLICAS) == "5"
        await kubectl.ok(*SSA, "--force-conflicts", stdin=DEPLOYMENT)
        assert await kubectl.ok(*REPLICAS) == "2"


async def test_two_managers_share_an_object(api: Api) -> None:
    scaler = """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "b"}}}"""
    async with api() as kubectl:
        await kubectl.ok(*SSA, stdin=DEPLOYMENT)
        await kubectl.ok(*SSA, "--field-manager=labels", stdin=scaler)
        await kubectl.ok(*SSA, stdin=DEPLOYMENT.replace("  replicas: 2\n", "").replace(', {name: B, value: "2"}', ""))
        live = (await kubectl("get", "deploy", "web", "-o", "json")).json
        assert live["metadata"]["labels"] == {"a": "b"}
        assert live["spec"]["replicas"] == 1
        assert live["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]
        await kubectl.ok(*SSA, "--field-manager=labels", stdin=scaler.replace(', "labels": {"a": "b"}', ""))
        assert await kubectl.ok("get", "deploy", "web", "-o", "jsonpath={.metadata.labels}") == ""


async def test_client_side_apply_is_taken_over(api: Api) -> None:
    """kubectl hands the fields of its client-side self to its server-side self, by a patch of managedFields."""
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        assert await owners(kubectl) == [("kubectl-client-side-apply", "Update")]
        changed = DEPLOYMENT.replace("web:1", "web:2").replace(', {name: B, value: "2"}', "")
        await kubectl.ok(*SSA, stdin=changed)
        live = (await kubectl("get", "deploy", "web", "-o", "json")).json
        container = live["spec"]["template"]["spec"]["containers"][0]
        assert (container["image"], container["env"]) == ("web:2", [{"name": "A", "value": "1"}])
        assert ("kubectl-client-side-apply", "Update") not in await owners(kubectl)
        assert "web:2" in await kubectl.ok("apply", "view-last-applied", "deploy/web")
        await kubectl.ok(*SSA, stdin=changed.replace("  replicas: 2\n", ""))
        assert await kubectl.ok(*REPLICAS) == "1"


async def test_unknown_fields_and_wrong_types_are_named(api: Api) -> None:
    async with api() as kubectl:
        wrong = await kubectl(*SSA, stdin=DEPLOYMENT.replace("replicas: 2", "replcas: 2"))
        assert wrong.code == 1
        assert ".spec.replcas: field not declared in schema" in wrong.err
        wrong = await kubectl(*SSA, stdin=DEPLOYMENT.replace("replicas: 2", "replicas: many"))
        assert (wrong.code, "spec.replicas" in wrong.err) == (1, True)


async def test_diffs_and_dry_runs_change_nothing(api: Api) -> None:
    async with api() as kubectl:
        dry = await kubectl.ok(*SSA, "--dry-run=server", stdin=DEPLOYMENT)
        assert dry == "deployment.apps/web serverside-applied (server dry run)\n"
        assert (await kubectl("diff", "--server-side", "-f", "-", stdin=DEPLOYMENT)).code == 1
        assert (await kubectl("get", "deploy", "web")).code == 1
        await kubectl.ok(*SSA, stdin=DEPLOYMENT)
        assert (await kubectl("diff", "--server-side", "-f", "-", stdin=DEPLOYMENT)).code == 0
        diff = await kubectl("diff", "--server-side", "-f", "-", stdin=DEPLOYMENT.replace("web:1", "web:2"))
        assert diff.code == 1
        assert "-      - image: web:1\n" in diff.out.replace("        image", "      - image") or "web:2" in diff.out


async def test_the_status_is_applied_through_its_own_resource(api: Api) -> None:
    status = (
        """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": {"replicas": 7}}"""
    )
    async with api() as kubectl:
        await kubectl.ok(*SSA, stdin=DEPLOYMENT)
        await kubectl.ok(*SSA, "--subresource=status", "--field-manager=s", stdin=status)
        read = ("get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {.status.replicas}")
        assert await kubectl.ok(*read) == "2 7"
