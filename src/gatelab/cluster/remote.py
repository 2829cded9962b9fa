"""The port on any cluster that a kubeconfig names.

lightkube gives the kubeconfig, the credentials and the HTTP client. Its typed resources stay out of the way: objects
are plain JSON here, decoded once.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from gatelab.cluster.kubeconfig import KubeconfigError, http_client
from gatelab.cluster.port import Propagation, Subresource, WatchEvent
from gatelab.cluster.remote_http import HttpApi, collection_path, object_path
from gatelab.cluster.remote_watch import Reachability, RemoteWatch, list_all
from gatelab.kinds.builtin import POD
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object

__all__ = ["KubeconfigError", "RemoteCluster"]


class RemoteCluster:
    """`cluster.port.Cluster` over HTTPS. Requests raise Unavailable when there is no answer; watches try on.

    Use it as an async context manager, or close it.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._api = HttpApi(client)
        self._reachability = Reachability(self._api.address)

    @classmethod
    def connect(cls, kubeconfig: Path | str | None = None, *, context: str | None = None) -> Self:
        """The cluster of a context of a kubeconfig file, by default of the current one; without a file the environment
        is looked at as kubectl does. Raises KubeconfigError.

        Nothing is sent before the first request.
        """
        return cls(http_client(kubeconfig, context))

    async def close(self) -> None:
        await self._api.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def address(self) -> str:
        """The API server's URL."""
        return self._api.address

    async def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        watch = RemoteWatch(self._api, self._reachability, kind, namespace, _selectors(labels, fields))
        async for event in watch.events():
            yield event

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Sequence[Object]:
        path = collection_path(kind, namespace)
        objects, _ = await list_all(self._api, kind, path, _selectors(labels, fields))
        return objects

    async def get(self, kind: Kind, key: Key) -> Object:
        return await self._api.request("GET", object_path(kind, key))

    async def get_from_pod(self, pod: Key, port: int, path: str, params: Mapping[str, str]) -> bytes:
        """`cluster.port.PodProxy`. `path` begins with /."""
        proxy = object_path(POD, Key(pod.namespace, f"{pod.name}:{port}"), "proxy")
        return await self._api.content(f"{proxy}{path}", params=params)

    async def create(self, kind: Kind, obj: Object) -> Object:
        path = collection_path(kind, obj["metadata"].get("namespace"))
        return await self._api.request("POST", path, body=_typed(kind, obj))

    async def update(self, kind: Kind, obj: Object, *, subresource: Subresource | None = None) -> Object:
        metadata = obj["metadata"]
        path = object_path(kind, Key(metadata.get("namespace", ""), metadata["name"]), subresource)
        body = obj if subresource == "scale" else _typed(kind, obj)
        return await self._api.request("PUT", path, body=body)

    async def patch(
        self, kind: Kind, key: Key, patch: dict[str, Any], *, subresource: Subresource | None = None
    ) -> Object:
        return await self._api.request("PATCH", object_path(kind, key, subresource), body=patch)

    async def delete(
        self,
        kind: Kind,
        key: Key,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_period_s is not None:
            options["gracePeriodSeconds"] = grace_period_s
        await self._api.request("DELETE", object_path(kind, key), body=options)


def _typed(kind: Kind, obj: Object) -> Object:
    return {**obj, "apiVersion": kind.api_version, "kind": kind.name}


def _selectors(labels: str | None, fields: str | None) -> dict[str, str]:
    given = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in given.items() if value}
