"""kr8s, on the API."""

import importlib.metadata
from pathlib import Path
from typing import Any

import httpx_ws
import kr8s
import kr8s.asyncio
import pytest
from kr8s.asyncio.objects import ConfigMap, CustomResourceDefinition, Deployment, Event, Pod, new_class

import api_objects
import client_results
import custom_objects
from gatelab.kinds.builtin import DEPLOYMENT, POD
from kubectl_objects import put
from running_api import kubectl_binaries, running_api

Gateway = new_class("Gateway", version="gateway.networking.k8s.io/v1", namespaced=True, plural="gateways")
Widget = new_class("Widget", version="example.com/v1", namespaced=True, plural="widgets")


@pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported")  # It knows the versions of its own time.
async def test_every_operation(tmp_path: Path, rewrite: bool) -> None:
    async with running_api(tmp_path, kubectl_binaries()["1.37"]) as api:
        await put(api.store, POD, api_objects.pod("p"))
        await put(api.store, DEPLOYMENT, api_objects.deployment("d"))
        client = await kr8s.asyncio.api(kubeconfig=str(tmp_path / "kubeconfig"))
        operations = Operations(client).all()
        version = importlib.metadata.version("kr8s")
        results = await client_results.tried("kr8s", version, operations, _refusal)
        if client._session is not None:
            await client._session.aclose()
    client_results.keep_or_compare(results, rewrite=rewrite)


def _refusal(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return _refusal(error.exceptions[0])
    if isinstance(error, httpx_ws.WebSocketUpgradeError):
        # The client does not read what the answer says.
        return f"{error.response.status_code} {error.response.reason_phrase}"
    return str(error) if isinstance(error, kr8s.ServerError) else ""


class Operations:
    """Each is one operation of the page."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def all(self) -> dict[str, client_results.Operation]:
        return {
            "create": self.create,
            "get": self.get,
            "list": self.list_,
            "list by labels and fields": self.selected,
            "watch": self.watch,
            "watch, resumed": self.resumed,
            "patch, merge": self.merge,
            "patch, JSON": self.json_patch,
            "status": self.status,
            "scale": self.scale,
            "delete with options": self.delete,
            "log": self.log,
            "log, followed": self.followed,
            "Gateway API kinds": self.gateways,
            "CustomResourceDefinitions": self.definition,
            "custom resources": self.widgets,
            "dynamic client": self.by_name,
            "discovery": self.discovery,
            "events": self.events,
            "wait": self.wait,
            "who am I": self.who,
            "exec": self.exec_,
            "kinds that are not served": self.jobs,
        }

    def _config(self, name: str, **data: str) -> Any:
        return ConfigMap({"metadata": {"name": name, "labels": {"app": name}}, "data": data}, api=self._client)

    async def _names(self, kind: Any = ConfigMap, **options: Any) -> list[str]:
        return sorted([each.name async for each in self._client.get(kind, **options)])

    async def create(self) -> None:
        for name in ("a", "b", "c"):
            made = self._config(name, k="v")
            await made.create()
            assert made.metadata.uid

    async def get(self) -> None:
        assert (await ConfigMap.get("a", api=self._client)).raw["data"] == {"k": "v"}

    async def list_(self) -> None:
        assert await self._names() == ["a", "b", "c"]
        assert await self._names(namespace=kr8s.ALL) == ["a", "b", "c"]

    async def selected(self) -> None:
        assert await self._names(label_selector={"app": "b"}) == ["b"]
        assert await self._names(field_selector="metadata.name=c") == ["c"]

    async def watch(self) -> None:
        seen = []
        async for operation, obj in self._client.watch(ConfigMap):
            seen.append((operation, obj.name))
            if len(seen) == 3:
                await self._config("d").create()
            if len(seen) == 4:
                await obj.delete()
            if len(seen) == 5:
                break
        assert seen[3:] == [("ADDED", "d"), ("DELETED", "d")]

    async def resumed(self) -> None:
        before = (await ConfigMap.get("a", api=self._client)).metadata.resourceVersion
        await self._config("e").create()
        async for operation, obj in self._client.watch(ConfigMap, since=before):
            if (operation, obj.name) == ("ADDED", "e"):
                break

    async def merge(self) -> None:
        found = await ConfigMap.get("a", api=self._client)
        await found.patch({"data": {"k": None, "l": "w"}})
        assert found.raw["data"] == {"l": "w"}

    async def json_patch(self) -> None:
        found = await ConfigMap.get("a", api=self._client)
        await found.patch([{"op": "add", "path": "/data/j", "value": "1"}], type="json")
        assert found.raw["data"] == {"l": "w", "j": "1"}

    async def status(self) -> None:
        found = await Deployment.get("d", api=self._client)
        await found.patch({"status": {"replicas": 3}}, subresource="status")
        assert found.status.replicas == 3

    async def scale(self) -> None:
        """kr8s waits until the number is there; nothing behind this API makes it so."""
        found = await Deployment.get("d", api=self._client)
        await found.patch({"spec": {"replicas": 4}}, subresource="scale")
        await found.refresh()
        assert found.replicas == 4

    async def delete(self) -> None:
        found = await ConfigMap.get("b", api=self._client)
        await found.delete(propagation_policy="Foreground", force=True)
        assert not await found.exists()

    async def log(self) -> None:
        pod = await Pod.get("p", api=self._client)
        assert [line async for line in pod.logs(tail_lines=2)] == ["one", "two"]

    async def followed(self) -> None:
        pod = await Pod.get("p", api=self._client)
        assert [line async for line in pod.logs(follow=True)] == ["one", "two"]

    async def gateways(self) -> None:
        made = Gateway(api_objects.gateway("g"), api=self._client)
        await made.create()
        assert made.raw["status"]["conditions"][0]["reason"] == "Pending"
        assert await self._names(Gateway) == ["g"]

    async def definition(self) -> None:
        made = CustomResourceDefinition(custom_objects.definition(), api=self._client)
        await made.create()
        await made.wait("condition=Established", timeout=40)

    async def widgets(self) -> None:
        made = Widget(custom_objects.widget("w"), api=self._client)
        await made.create()
        assert made.raw["spec"] == {"size": 3, "color": "red"}

    async def by_name(self) -> None:
        assert await self._names("widgets.example.com") == ["w"]
        assert await self._names("gtw") == ["g"]

    async def discovery(self) -> None:
        kinds = {each["kind"] for each in await self._client.api_resources()}
        assert {"GRPCRoute", "Deployment"} <= kinds
        assert "apps/v1" in [each async for each in self._client.api_versions()]

    async def events(self) -> None:
        about = {"kind": "ConfigMap", "name": "a", "namespace": "default"}
        event = {"metadata": {"name": "e"}, "involvedObject": about, "reason": "Seen", "type": "Normal"}
        await Event(event, api=self._client).create()
        assert await self._names(Event, field_selector="involvedObject.name=a") == ["e"]

    async def wait(self) -> None:
        pod = await Pod.get("p", api=self._client)
        await pod.patch({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, subresource="status")
        await pod.wait("condition=Ready", timeout=40)

    async def who(self) -> None:
        assert await self._client.whoami() == "gatelab-admin"

    async def exec_(self) -> None:
        pod = await Pod.get("p", api=self._client)
        ready = [{"type": name, "status": "True"} for name in ("Ready", "ContainersReady")]
        await pod.patch({"status": {"phase": "Running", "conditions": ready}}, subresource="status")
        await pod.exec(["true"])

    async def jobs(self) -> None:
        await kr8s.asyncio.objects.Job({"metadata": {"name": "j"}}, api=self._client).create()
