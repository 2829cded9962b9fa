"""lightkube, on the API."""

import importlib.metadata
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

from lightkube import AsyncClient, KubeConfig, operators
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.apiextensions_v1 import (
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceValidation,
    JSONSchemaProps,
)
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import ConfigMap, Event, Pod
from lightkube.types import CascadeType, PatchType

import api_objects
import client_results
from gatelab.kinds.builtin import DEPLOYMENT, POD
from kubectl_objects import put
from running_api import kubectl_binaries, running_api

GATEWAYS = create_namespaced_resource("gateway.networking.k8s.io", "v1", "Gateway", "gateways")
WIDGETS = create_namespaced_resource("shop.test", "v1", "Widget", "widgets")


async def test_every_operation(tmp_path: Path, rewrite: bool) -> None:
    async with running_api(tmp_path, kubectl_binaries()["1.37"]) as api:
        await put(api.store, POD, api_objects.pod("p"))
        await put(api.store, DEPLOYMENT, api_objects.deployment("d"))
        async with AsyncClient(config=KubeConfig.from_file(tmp_path / "kubeconfig"), namespace="default") as client:
            operations = Operations(client)
            version = importlib.metadata.version("lightkube")
            results = await client_results.tried("lightkube", version, operations.all(), _refusal)
    client_results.keep_or_compare(results, rewrite=rewrite)


def _refusal(error: Exception) -> str:
    return error.status.message or "" if isinstance(error, ApiError) else ""


def config(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, labels={"app": name}), data=data)


class Operations:
    """Each is one operation of the page."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def all(self) -> dict[str, client_results.Operation]:
        return {
            "create": self.create,
            "get": self.get,
            "list": self.list_,
            "list in pieces": self.pieces,
            "list by labels and fields": self.selected,
            "watch": self.watch,
            "watch, resumed": self.resumed,
            "replace": self.replace,
            "replace, conflict": self.conflict,
            "patch, merge": self.merge,
            "patch, JSON": self.json_patch,
            "patch, strategic": self.strategic,
            "server-side apply": self.apply,
            "server-side apply, conflict": self.apply_conflict,
            "status": self.status,
            "scale": self.scale,
            "delete with options": self.delete,
            "delete a collection": self.delete_collection,
            "log": self.log,
            "log, followed": self.followed,
            "Gateway API kinds": self.gateways,
            "CustomResourceDefinitions": self.definition,
            "custom resources": self.widgets,
            "events": self.events,
            "dry run": self.dry_run,
            "wait": self.wait,
            "kinds that are not served": self.jobs,
        }

    async def create(self) -> None:
        for name in ("a", "b", "c"):
            made = await self._client.create(config(name, k="v"))
            assert made.metadata is not None
            assert made.metadata.uid

    async def get(self) -> None:
        assert (await self._client.get(ConfigMap, "a")).data == {"k": "v"}

    async def list_(self) -> None:
        assert await _names(self._client.list(ConfigMap)) == ["a", "b", "c"]
        assert await _names(self._client.list(ConfigMap, namespace="*")) == ["a", "b", "c"]

    async def pieces(self) -> None:
        assert await _names(self._client.list(ConfigMap, chunk_size=1)) == ["a", "b", "c"]

    async def selected(self) -> None:
        assert await _names(self._client.list(ConfigMap, labels={"app": operators.in_(["a", "b"])})) == ["a", "b"]
        assert await _names(self._client.list(ConfigMap, fields={"metadata.name": "c"})) == ["c"]

    async def watch(self) -> None:
        seen = []
        async for operation, obj in self._client.watch(ConfigMap):
            assert obj.metadata is not None
            seen.append((operation, obj.metadata.name))
            if len(seen) == 3:
                await self._client.create(config("d"))
            if len(seen) == 4:
                await self._client.delete(ConfigMap, "d")
            if len(seen) == 5:
                break
        assert seen[3:] == [("ADDED", "d"), ("DELETED", "d")]

    async def resumed(self) -> None:
        before = (await self._client.get(ConfigMap, "a")).metadata
        assert before is not None
        await self._client.create(config("e"))
        async for operation, obj in self._client.watch(ConfigMap, resource_version=before.resourceVersion):
            assert obj.metadata is not None
            if (operation, obj.metadata.name) == ("ADDED", "e"):
                break

    async def replace(self) -> None:
        found = await self._client.get(ConfigMap, "a")
        found.data = {"k": "w"}
        assert (await self._client.replace(found)).data == {"k": "w"}

    async def conflict(self) -> None:
        old = await self._client.get(ConfigMap, "a")
        await self._client.patch(ConfigMap, "a", {"data": {"n": "1"}})
        await self._client.replace(old)

    async def merge(self) -> None:
        patched = await self._client.patch(ConfigMap, "a", {"data": {"n": None}}, patch_type=PatchType.MERGE)
        assert patched.data == {"k": "w"}

    async def json_patch(self) -> None:
        patch = [{"op": "add", "path": "/data/j", "value": "1"}]
        patched = await self._client.patch(ConfigMap, "a", patch, patch_type=PatchType.JSON)
        assert patched.data == {"k": "w", "j": "1"}

    async def strategic(self) -> None:
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "hello", "tty": True}]}}}}
        patched = await self._client.patch(Deployment, "d", patch)
        assert patched.spec is not None
        assert patched.spec.template.spec is not None
        assert [(each.image, each.tty) for each in patched.spec.template.spec.containers] == [("hello:1", True)]

    async def apply(self) -> None:
        assert (await self._client.apply(config("s", k="v"), field_manager="one")).data == {"k": "v"}
        assert (await self._client.apply(config("s", l="w"), field_manager="two")).data == {"k": "v", "l": "w"}

    async def apply_conflict(self) -> None:
        forced = await self._client.apply(config("s", k="x"), field_manager="two", force=True)
        assert forced.data == {"k": "x"}
        await self._client.apply(config("s", k="y"), field_manager="one")

    async def status(self) -> None:
        patch = {"status": {"replicas": 3}}
        patched = await self._client.patch(Deployment.Status, "d", patch, patch_type=PatchType.MERGE)
        assert patched.status is not None
        assert patched.status.replicas == 3

    async def scale(self) -> None:
        found = await self._client.get(Deployment.Scale, "d")
        found.spec = ScaleSpec(replicas=4)
        replaced = await self._client.replace(found, "d")
        assert replaced.spec is not None
        assert replaced.spec.replicas == 4

    async def delete(self) -> None:
        await self._client.delete(ConfigMap, "b", cascade=CascadeType.FOREGROUND, grace_period=0)
        assert "b" not in await _names(self._client.list(ConfigMap))

    async def delete_collection(self) -> None:
        gone = ConfigMap(metadata=ObjectMeta(name="gone", namespace="kube-public"))
        await self._client.create(gone, namespace="kube-public")
        await self._client.deletecollection(ConfigMap, namespace="kube-public")
        assert await _names(self._client.list(ConfigMap, namespace="*")) == ["a", "c", "e", "s"]

    async def log(self) -> None:
        assert [line async for line in self._client.log("p", tail_lines=2)] == ["one\n", "two\n"]

    async def followed(self) -> None:
        assert [line async for line in self._client.log("p", follow=True)] == ["one\n", "two\n"]

    async def gateways(self) -> None:
        made = await self._client.create(GATEWAYS(**{**api_objects.gateway("g"), "metadata": ObjectMeta(name="g")}))
        assert made.spec["gatewayClassName"] == "gatelab"
        assert made.status["conditions"][0]["reason"] == "Pending"

    async def definition(self) -> None:
        names = CustomResourceDefinitionNames(kind="Widget", plural="widgets")
        size = JSONSchemaProps(type="object", properties={"size": JSONSchemaProps(type="integer", default=1)})
        schema = JSONSchemaProps(type="object", properties={"spec": size})
        validation = CustomResourceValidation(openAPIV3Schema=schema)
        one = CustomResourceDefinitionVersion(name="v1", served=True, storage=True, schema=validation)
        spec = CustomResourceDefinitionSpec(group="shop.test", names=names, scope="Namespaced", versions=[one])
        metadata = ObjectMeta(name="widgets.shop.test")
        await self._client.create(CustomResourceDefinition(metadata=metadata, spec=spec))
        await self._client.wait(CustomResourceDefinition, "widgets.shop.test", for_conditions=["Established"])

    async def widgets(self) -> None:
        made = await self._client.create(WIDGETS(metadata=ObjectMeta(name="w"), spec={}))
        assert made.spec == {"size": 1}
        assert await _names(self._client.list(WIDGETS)) == ["w"]

    async def events(self) -> None:
        found = (await self._client.get(ConfigMap, "a")).metadata
        assert found is not None
        about = {"kind": "ConfigMap", "name": "a", "namespace": "default", "uid": found.uid}
        event = {"metadata": {"name": "e"}, "involvedObject": about, "reason": "Seen", "type": "Normal"}
        await self._client.create(Event.from_dict(event))
        assert await _names(self._client.list(Event, fields={"involvedObject.name": "a"})) == ["e"]

    async def dry_run(self) -> None:
        await self._client.create(config("dry"), dry_run=True)
        assert "dry" not in await _names(self._client.list(ConfigMap))

    async def wait(self) -> None:
        ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        await self._client.patch(Pod.Status, "p", ready)
        await self._client.wait(Pod, "p", for_conditions=["Ready"])

    async def jobs(self) -> None:
        await self._client.create(Job(metadata=ObjectMeta(name="j")))


async def _names(objects: AsyncIterable[Any]) -> list[str]:
    return sorted([each.metadata.name async for each in objects])
