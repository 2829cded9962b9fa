"""kubernetes, the official client for Python, on the API."""

import asyncio
import importlib.metadata
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import kubernetes
import msgspec
from kubernetes import client as models
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError

import api_objects
import client_results
import custom_objects
from gatelab.kinds.builtin import DEPLOYMENT, POD
from kubectl_objects import put
from running_api import kubectl_binaries, running_api

NAMESPACE = "default"
Watch: Any = kubernetes.watch.Watch
stream: Any = kubernetes.stream.stream
connected: Any = kubernetes.config.new_client_from_config
GATEWAYS = ("gateway.networking.k8s.io", "v1", NAMESPACE, "gateways")
WIDGETS = ("example.com", "v1", NAMESPACE, "widgets")


async def test_every_operation(tmp_path: Path, rewrite: bool) -> None:
    async with running_api(tmp_path, kubectl_binaries()["1.37"]) as api:
        await put(api.store, POD, api_objects.pod("p"))
        await put(api.store, DEPLOYMENT, api_objects.deployment("d"))
        with connected(str(tmp_path / "kubeconfig")) as client:
            operations = {name: _in_a_thread(each) for name, each in Operations(client).all().items()}
            version = importlib.metadata.version("kubernetes")
            results = await client_results.tried("kubernetes", version, operations, _refusal)
    client_results.keep_or_compare(results, rewrite=rewrite)


def _in_a_thread(operation: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await asyncio.to_thread(operation)

    return run


def _refusal(error: Exception) -> str:
    if not isinstance(error, ApiException | DynamicApiError):
        return ""
    if not error.body:
        # A watch and a refused upgrade show what was said in the reason of the error.
        said = re.search(r'"message":"(.*?)(?<!\\)"', str(error.reason))
        return said[1] if said else re.sub(r"current: \d+", "current: …", str(error.reason))
    message: str = msgspec.json.decode(error.body)["message"]
    return message


def config(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"app": name}}, "data": data}


def names(found: Any) -> list[str]:
    return [each.metadata.name for each in found.items]


class Operations:
    """Each is one operation of the page."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._core: Any = models.CoreV1Api(client)
        self._apps: Any = models.AppsV1Api(client)
        self._version: Any = models.VersionApi(client)
        self._groups: Any = models.ApisApi(client)
        self._custom: Any = models.CustomObjectsApi(client)

    def all(self) -> dict[str, Callable[[], None]]:
        return {
            "create": self.create,
            "get": self.get,
            "list": self.list_,
            "list in pieces": self.pieces,
            "list by labels and fields": self.selected,
            "watch": self.watch,
            "watch, resumed": self.resumed,
            "watch of a version that is gone": self.gone,
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
            "dynamic client": self.dynamic,
            "discovery": self.discovery,
            "events": self.events,
            "events.k8s.io": self.new_events,
            "dry run": self.dry_run,
            "who am I": self.who,
            "exec": self.exec_,
            "kinds that are not served": self.jobs,
        }

    def _list(self, **options: Any) -> list[str]:
        return names(self._core.list_namespaced_config_map(NAMESPACE, **options))

    def create(self) -> None:
        for name in ("a", "b", "c"):
            assert self._core.create_namespaced_config_map(NAMESPACE, config(name, k="v")).metadata.uid

    def get(self) -> None:
        assert self._core.read_namespaced_config_map("a", NAMESPACE).data == {"k": "v"}

    def list_(self) -> None:
        assert self._list() == ["a", "b", "c"]
        assert names(self._core.list_config_map_for_all_namespaces()) == ["a", "b", "c"]

    def pieces(self) -> None:
        first = self._core.list_namespaced_config_map(NAMESPACE, limit=2)
        assert names(first) == ["a", "b"]
        assert self._list(limit=2, _continue=first.metadata._continue) == ["c"]

    def selected(self) -> None:
        assert self._list(label_selector="app in (a,b)") == ["a", "b"]
        assert self._list(field_selector="metadata.name=c") == ["c"]

    def watch(self) -> None:
        version = self._core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
        self._core.create_namespaced_config_map(NAMESPACE, config("d"))
        self._core.delete_namespaced_config_map("d", NAMESPACE)
        assert self._watched(version, 2) == [("ADDED", "d"), ("DELETED", "d")]

    def _watched(self, version: str, count: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        watch = Watch()
        for event in watch.stream(
            self._core.list_namespaced_config_map, NAMESPACE, resource_version=version, timeout_seconds=5
        ):
            found.append((event["type"], event["object"].metadata.name))
            if len(found) == count:
                watch.stop()
        return found

    def resumed(self) -> None:
        before = self._core.read_namespaced_config_map("a", NAMESPACE).metadata.resource_version
        self._core.create_namespaced_config_map(NAMESPACE, config("e"))
        assert ("ADDED", "e") in self._watched(before, 5)

    def gone(self) -> None:
        """The client's watch passes the 410 on to whoever gave the version."""
        self._watched("99999999", 1)

    def replace(self) -> None:
        found = self._core.read_namespaced_config_map("a", NAMESPACE)
        found.data = {"k": "w"}
        assert self._core.replace_namespaced_config_map("a", NAMESPACE, found).data == {"k": "w"}

    def conflict(self) -> None:
        old = self._core.read_namespaced_config_map("a", NAMESPACE)
        self._core.patch_namespaced_config_map("a", NAMESPACE, {"data": {"n": "1"}})
        self._core.replace_namespaced_config_map("a", NAMESPACE, old)

    def _patched(self, patch: Any, content_type: str) -> dict[str, str]:
        data: dict[str, str] = self._core.patch_namespaced_config_map(
            "a", NAMESPACE, patch, _content_type=content_type
        ).data
        return data

    def merge(self) -> None:
        assert self._patched({"data": {"n": None}}, "application/merge-patch+json") == {"k": "w"}

    def json_patch(self) -> None:
        patch = [{"op": "add", "path": "/data/j", "value": "1"}]
        assert self._patched(patch, "application/json-patch+json") == {"k": "w", "j": "1"}

    def strategic(self) -> None:
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "hello", "tty": True}]}}}}
        found = self._apps.patch_namespaced_deployment("d", NAMESPACE, patch)
        assert [(each.image, each.tty) for each in found.spec.template.spec.containers] == [("hello:1", True)]

    def apply(self, value: str = "v", manager: str = "one") -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "data": {"k": value}}
        self._core.patch_namespaced_config_map(
            "s", NAMESPACE, body, field_manager=manager, _content_type="application/apply-patch+yaml"
        )

    def apply_conflict(self) -> None:
        self.apply("w", "two")

    def status(self) -> None:
        patch = {"status": {"replicas": 3}}
        assert self._apps.patch_namespaced_deployment_status("d", NAMESPACE, patch).status.replicas == 3

    def scale(self) -> None:
        found = self._apps.read_namespaced_deployment_scale("d", NAMESPACE)
        found.spec.replicas = 4
        assert self._apps.replace_namespaced_deployment_scale("d", NAMESPACE, found).spec.replicas == 4

    def delete(self) -> None:
        options = models.V1DeleteOptions(propagation_policy="Foreground", grace_period_seconds=0)
        self._core.delete_namespaced_config_map("b", NAMESPACE, body=options)
        assert "b" not in self._list()

    def delete_collection(self) -> None:
        self._core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="app=c")
        assert self._list() == ["a", "e", "s"]

    def log(self) -> None:
        assert self._core.read_namespaced_pod_log("p", NAMESPACE) == "one\ntwo\n"

    def followed(self) -> None:
        lines = Watch().stream(self._core.read_namespaced_pod_log, "p", NAMESPACE, follow=True)
        assert list(lines) == ["one", "two"]

    def gateways(self) -> None:
        body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", **api_objects.gateway("g")}
        made = self._custom.create_namespaced_custom_object(*GATEWAYS, body)
        assert made["status"]["conditions"][0]["reason"] == "Pending"
        patch = {"spec": {"gatewayClassName": "cilium"}}
        patched = self._custom.patch_namespaced_custom_object(*GATEWAYS, "g", patch)
        assert patched["spec"]["gatewayClassName"] == "cilium"

    def definition(self) -> None:
        extensions: Any = models.ApiextensionsV1Api(self._client)
        extensions.create_custom_resource_definition(custom_objects.definition())
        found = extensions.read_custom_resource_definition("widgets.example.com")
        assert "Established" in [each.type for each in found.status.conditions if each.status == "True"]

    def widgets(self) -> None:
        made = self._custom.create_namespaced_custom_object(*WIDGETS, custom_objects.widget("w"))
        assert made["spec"] == {"size": 3, "color": "red"}
        body = {**made, "status": {"ready": True}}
        self._custom.replace_namespaced_custom_object_status(*WIDGETS, "w", body)
        assert self._custom.list_namespaced_custom_object(*WIDGETS)["items"][0]["status"] == {"ready": True}

    def dynamic(self) -> None:
        dynamic: Any = DynamicClient
        routes = dynamic(self._client).resources.get(api_version="gateway.networking.k8s.io/v1", kind="GRPCRoute")
        body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute", **api_objects.grpc_route("r")}
        assert routes.create(body=body, namespace=NAMESPACE).metadata.uid
        applied = routes.server_side_apply(
            body=body, namespace=NAMESPACE, field_manager="dynamic", force_conflicts=True
        )
        assert applied.spec.rules[0].backendRefs[0].weight == 1

    def discovery(self) -> None:
        assert self._version.get_code().major == "1"
        groups = {each.name for each in self._groups.get_api_versions().groups}
        assert {"apps", "gateway.networking.k8s.io"} <= groups
        assert "configmaps" in {each.name for each in self._core.get_api_resources().resources}
        assert "deployments" in {each.name for each in self._apps.get_api_resources().resources}

    def events(self) -> None:
        about = {"kind": "ConfigMap", "name": "a", "namespace": NAMESPACE}
        event = {"metadata": {"name": "e"}, "involvedObject": about, "reason": "Seen", "type": "Normal"}
        self._core.create_namespaced_event(NAMESPACE, event)
        found = self._core.list_namespaced_event(NAMESPACE, field_selector="involvedObject.name=a")
        assert names(found) == ["e"]

    def new_events(self) -> None:
        models.EventsV1Api(self._client).list_namespaced_event(NAMESPACE)

    def dry_run(self) -> None:
        self._core.create_namespaced_config_map(NAMESPACE, config("dry"), dry_run="All")
        assert "dry" not in self._list()

    def who(self) -> None:
        reviews: Any = models.AuthenticationV1Api(self._client)
        found = reviews.create_self_subject_review({})
        assert found.status.user_info.username == "gatelab-admin"

    def exec_(self) -> None:
        stream(self._core.connect_get_namespaced_pod_exec, "p", NAMESPACE, command=["true"])

    def jobs(self) -> None:
        models.BatchV1Api(self._client).list_namespaced_job(NAMESPACE)
