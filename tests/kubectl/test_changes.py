"""edit, replace, patch, diff, dry runs, set-last-applied, prune."""

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from running_api import Kubectl
from web_manifest import DEPLOYMENT, owners

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

IMAGE = ("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")


def editor(folder: Path, expression: str) -> str:
    """A program that edits a file by a sed expression, as `KUBE_EDITOR`."""
    program = folder / "editor"
    program.write_text(f'#!/bin/sh\nexec {shutil.which("sed")} -i "{expression}" "$1"\n')
    program.chmod(0o755)
    return str(program)


async def test_an_edit_changes_what_the_editor_changed(api: Api, tmp_path: Path) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        kubectl.environment["KUBE_EDITOR"] = editor(tmp_path, "s/image: web:1/image: web:9/")
        assert await kubectl.ok("edit", "deploy/web") == "deployment.apps/web edited\n"
        assert await kubectl.ok(*IMAGE) == "web:9"
        assert ("kubectl-edit", "Update") in await owners(kubectl)
        kubectl.environment["KUBE_EDITOR"] = editor(tmp_path, "s/nothing/x/")
        assert "no changes made" in (await kubectl("edit", "deploy/web")).text


async def test_an_edit_of_a_custom_resource(api: Api, tmp_path: Path) -> None:
    gateway = """{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "g"},
        "spec": {"gatewayClassName": "gatelab", "listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}]}}"""
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=gateway)
        kubectl.environment["KUBE_EDITOR"] = editor(tmp_path, "s/port: 80/port: 81/")
        assert "edited" in await kubectl.ok("edit", "gateway/g")
        assert await kubectl.ok("get", "gateway", "g", "-o", "jsonpath={.spec.listeners[0].port}") == "81"


async def test_diff_shows_what_apply_would_change(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        assert (await kubectl("diff", "-f", "-", stdin=DEPLOYMENT)).code == 0
        found = await kubectl("diff", "-f", "-", stdin=DEPLOYMENT.replace("web:1", "web:2"))
        changed = [line.strip("+- ") for line in found.out.splitlines() if line[:2] in ("- ", "+ ")]
        assert (found.code, changed) == (1, ["generation: 1", "generation: 2", "image: web:1", "image: web:2"])
        assert await kubectl.ok(*IMAGE) == "web:1"


@pytest.mark.parametrize(
    "arguments",
    [
        ("label", "deploy/web", "a=b"),
        ("annotate", "deploy/web", "a=b"),
        ("set", "image", "deploy/web", "web=web:2"),
        ("scale", "deploy/web", "--replicas=7"),
        ("patch", "deploy/web", "-p", '{"spec": {"replicas": 7}}'),
        ("patch", "deploy/web", "--type=merge", "-p", '{"spec": {"replicas": 7}}'),
        ("patch", "deploy/web", "--type=json", "-p", '[{"op": "replace", "path": "/spec/replicas", "value": 7}]'),
        ("patch", "deploy/web", "--subresource=scale", "--type=merge", "-p", '{"spec": {"replicas": 7}}'),
        ("patch", "deploy/web", "--subresource=status", "-p", '{"status": {"replicas": 7}}'),
        ("delete", "deploy/web"),
        ("delete", "deploy", "--all"),
    ],
)
async def test_a_dry_run_changes_nothing(api: Api, arguments: tuple[str, ...]) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        everything = ("get", "deploy", "-o", "yaml", "--show-managed-fields")
        before = await kubectl.ok(*everything)
        said = await kubectl.ok(*arguments, "--dry-run=server")
        assert "server dry run" in said or arguments[0] == "patch"
        assert await kubectl.ok(*everything) == before
        await kubectl.ok(*arguments)
        assert await kubectl.ok(*everything) != before


async def test_generated_names_are_made_in_dry_runs_too(api: Api) -> None:
    named = """{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}}"""
    async with api() as kubectl:
        made = await kubectl.ok("create", "-f", "-", "--dry-run=server", "-o", "name", stdin=named)
        assert made.startswith("configmap/c-")
        assert await kubectl.ok("get", "configmap", "-o", "name") == ""


async def test_replace_needs_the_newest_version_if_it_names_one(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        old = await kubectl.ok("get", "deploy", "web", "-o", "yaml")
        await kubectl.ok("replace", "-f", "-", stdin=old.replace("web:1", "web:2"))
        refused = await kubectl("replace", "-f", "-", stdin=old)
        assert (refused.code, "the object has been modified" in refused.err) == (1, True)
        await kubectl.ok("replace", "-f", "-", stdin=DEPLOYMENT.replace("web:1", "web:3"))
        assert await kubectl.ok(*IMAGE) == "web:3"
        locked = '{"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}}'
        for type_ in ("merge", "strategic"):
            refused = await kubectl("patch", "deploy/web", f"--type={type_}", "-p", locked)
            assert (refused.code, "the object has been modified" in refused.err) == (1, True)


async def test_what_was_applied_last_can_be_seen_and_set(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("create", "-f", "-", stdin=DEPLOYMENT)
        await kubectl.ok("apply", "set-last-applied", "--create-annotation", "-f", "-", stdin=DEPLOYMENT)
        assert "image: web:1" in await kubectl.ok("apply", "view-last-applied", "deploy/web")


async def test_what_is_no_longer_in_the_manifests_is_pruned(api: Api) -> None:
    one, two = (
        f'{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{name}", "labels": {{"app": "x"}}}}}}'
        for name in ("one", "two")
    )
    prune = ("apply", "-f", "-", "--prune", "-l", "app=x", "--prune-allowlist=core/v1/ConfigMap")
    async with api() as kubectl:
        await kubectl.ok(*prune, stdin=f"{one}\n---\n{two}")
        assert "configmap/two pruned" in await kubectl.ok(*prune, stdin=one)
        assert await kubectl.ok("get", "configmap", "-o", "name") == "configmap/one\n"


async def test_custom_resources_have_no_strategic_patches(api: Api) -> None:
    async with api() as kubectl:
        gateway = """{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "g"},
            "spec": {"controllerName": "a.b/c"}}"""
        await kubectl.ok("apply", "-f", "-", stdin=gateway)
        refused = await kubectl("patch", "gatewayclass/g", "--type=strategic", "-p", '{"metadata": {"labels": {}}}')
        assert refused.code == 1
        assert "unknown format" in refused.err


async def test_patches_that_do_not_fit_are_refused(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        test = '[{"op": "test", "path": "/spec/replicas", "value": 9}]'
        refused = await kubectl("patch", "deploy/web", "--type=json", "-p", test)
        assert (refused.code, "testing value /spec/replicas failed" in refused.err) == (1, True)
