"""The port: list+watch, get, create, update, patch, patch status, delete, on objects as the API has them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object

Subresource = Literal["status", "scale"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class Replaced:
    """The whole truth: first of every watch, and again whenever it had to start over. What is not in it is gone."""

    objects: Sequence[Object]


@dataclass(frozen=True, slots=True)
class Applied:
    """An object was created or changed."""

    object: Object


@dataclass(frozen=True, slots=True)
class Deleted:
    """An object is gone; its last state."""

    object: Object


WatchEvent = Replaced | Applied | Deleted


class Cluster(Protocol):
    """A cluster. Every method raises `kinds.errors.ApiError` and nothing else that is not a bug.

    `labels` and `fields` are selectors in query form (`a=b,c in (d)`; `spec.nodeName=x`). Objects handed out are
    shared: do not change them.
    """

    def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """The state, then every change, for ever: reconnects, resumes and lists again by itself.

        While the cluster cannot be reached it is silent, and says so in the log.
        """
        ...

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Sequence[Object]: ...

    async def get(self, kind: Kind, key: Key) -> Object:
        """Raises NotFound."""
        ...

    async def create(self, kind: Kind, obj: Object) -> Object:
        """Raises AlreadyExists, Invalid. `metadata.generateName` is honoured."""
        ...

    async def update(self, kind: Kind, obj: Object, *, subresource: Subresource | None = None) -> Object:
        """Replaces the object. Raises NotFound, Conflict when `metadata.resourceVersion` is given and stale."""
        ...

    async def patch(
        self, kind: Kind, key: Key, patch: dict[str, Any], *, subresource: Subresource | None = None
    ) -> Object:
        """A JSON merge patch (RFC 7386): null removes, lists are replaced whole.

        With `metadata.resourceVersion` in the patch, a stale one raises Conflict.
        """
        ...

    async def delete(
        self,
        kind: Kind,
        key: Key,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        """Asks for deletion. Raises NotFound; Conflict when `uid` is given and another object has the name."""
        ...


class PodProxy(Protocol):
    """What a cluster's API passes on to pods (`pods/proxy`); only clients from outside need it."""

    async def get_from_pod(self, pod: Key, port: int, path: str, params: Mapping[str, str]) -> bytes:
        """The body of a pod's answer to a GET. Raises ApiError: what the API says, or what the pod does from 400 on."""
        ...
