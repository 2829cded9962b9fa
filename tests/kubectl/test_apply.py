"""apply: on the example's manifests, and on what should not be applied."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-grpc" / "manifests"
FILES = ("-f", str(EXAMPLE / "selfsigned-ca.yaml"), "-f", str(EXAMPLE / "hello-grpc.yaml"))
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
        ports: [{name: http, containerPort: 80}]
"""


async def test_the_example_is_created_and_then_unchanged(api: Api) -> None:
    async with api() as kubectl:
        created = (await kubectl.ok("apply", *FILES)).splitlines()
        assert created
        assert all(line.endswith(" created") for line in created)
        versions = ("get", "deploy,svc,gateway,grpcroute", "-A", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
        before = await kubectl.ok(*versions)
        again = (await kubectl.ok("apply", *FILES)).splitlines()
        # As on any cluster, kubectl sends a patch for lists of custom resources that have got defaults.
        assert {line.rpartition(" ")[2] for line in again if not line.startswith(("gateway.", "grpcroute."))} == {
            "unchanged"
        }
        assert await kubectl.ok(*versions) == before


async def test_three_way_patches_keep_what_others_wrote(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        await kubectl.ok("scale", "deploy/web", "--replicas=3")
        await kubectl.ok("label", "deploy/web", "team=a")
        changed = DEPLOYMENT.replace("web:1", "web:2").replace('{name: A, value: "1"}, ', "")
        assert "configured" in await kubectl.ok("apply", "-f", "-", stdin=changed)
        live = (await kubectl("get", "deploy", "web", "-o", "json")).json
        container = live["spec"]["template"]["spec"]["containers"][0]
        assert (container["image"], [each["name"] for each in container["env"]]) == ("web:2", ["B"])
        assert (live["spec"]["replicas"], live["metadata"]["labels"]) == (3, {"team": "a"})


async def test_gateways_are_applied_in_both_versions(api: Api) -> None:
    gateway = """
        {"apiVersion": "gateway.networking.k8s.io/VERSION", "kind": "Gateway", "metadata": {"name": "g"},
         "spec": {"gatewayClassName": "gatelab", "listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}]}}"""
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=gateway.replace("VERSION", "v1beta1"))
        await kubectl.ok("apply", "-f", "-", stdin=gateway.replace("VERSION", "v1").replace("80", "81"))
        ports = "jsonpath={.apiVersion} {.spec.listeners[*].port}"
        assert await kubectl.ok("get", "gateway", "g", "-o", ports) == "gateway.networking.k8s.io/v1 81"


async def test_a_list_is_applied_item_by_item(api: Api) -> None:
    items = """
        {"apiVersion": "v1", "kind": "List", "items": [
          {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}},
          {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "g"}, "spec":
            {"gatewayClassName": "gatelab", "listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}]}}]}"""
    async with api() as kubectl:
        applied = await kubectl.ok("apply", "-f", "-", stdin=items)
        assert applied.splitlines() == ["configmap/a created", "gateway.gateway.networking.k8s.io/g created"]
        assert "unchanged" in await kubectl.ok("apply", "-f", "-", stdin=items)
        await kubectl.ok("replace", "-f", "-", stdin=items)
        wrong = await kubectl("apply", "-f", "-", stdin=items.replace('"data"', '"dta"'))
        assert 'strict decoding error: unknown field "dta"' in wrong.err
        await kubectl.ok("delete", "-f", "-", stdin=items)


async def test_an_unknown_field_is_named(api: Api) -> None:
    async with api() as kubectl:
        outcome = await kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("  selector", "  replcas: 2\n  selector"))
        assert outcome.code == 1
        assert 'strict decoding error: unknown field "spec.replcas"' in outcome.err
        warned = await kubectl(
            "apply", "--validate=warn", "-f", "-", stdin=DEPLOYMENT.replace("  selector", "  replcas: 2\n  selector")
        )
        assert warned.code == 0
        assert 'Warning: unknown field "spec.replcas"' in warned.err


async def test_a_broken_rule_is_told_as_kubernetes_tells_it(api: Api) -> None:
    async with api() as kubectl:
        wrong = DEPLOYMENT.replace("labels: {app: web}", "labels: {app: other}")
        outcome = await kubectl("apply", "-f", "-", stdin=wrong)
        assert outcome.code == 1
        assert outcome.err.startswith(
            'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"other"}: '
            "`selector` does not match template `labels`"
        )


async def test_dry_runs_and_diffs_change_nothing(api: Api) -> None:
    async with api() as kubectl:
        assert "created (server dry run)" in await kubectl.ok("apply", "--dry-run=server", "-f", "-", stdin=DEPLOYMENT)
        assert (await kubectl("diff", "-f", "-", stdin=DEPLOYMENT)).code == 1
        assert (await kubectl("get", "deploy", "web")).code == 1


async def test_what_was_applied_is_deleted_by_file(api: Api) -> None:
    async with api() as kubectl:
        await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
        assert 'deployment.apps "web" deleted' in await kubectl.ok("delete", "-f", "-", stdin=DEPLOYMENT)
        assert (await kubectl("delete", "-f", "-", stdin=DEPLOYMENT)).code == 1
        await kubectl.ok("delete", "--ignore-not-found", "-f", "-", stdin=DEPLOYMENT)
