"""What a request's path names: a kind in a version, a namespace, an object, a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from gatelab.apiserver.registry import Served
from gatelab.apiserver.resource import Resource
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gatelab.kinds.schemas.catalogue import Schema


@dataclass(frozen=True, slots=True)
class Target:
    """A resource path, read. `rest` is what follows `proxy`."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""

    @property
    def kind(self) -> Kind:
        return self.resource.kind

    @property
    def version(self) -> str:
        """The version asked for."""
        return self.resource.version

    @property
    def schema(self) -> Schema:
        """The schema of whole objects in that version."""
        return self.resource.schema

    @property
    def is_native(self) -> bool:
        """Whether Kubernetes itself decodes the kind; see `resource.Resource`."""
        return self.resource.is_native

    @property
    def api_version(self) -> str:
        return f"{self.kind.group}/{self.version}" if self.kind.group else self.version

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)


def no_such_path() -> NotFound:
    return NotFound("the server could not find the requested resource")


def parsed(raw_path: bytes, served: Served) -> Target:
    """The target of `/api/v1/…` or `/apis/<group>/<version>/…`. Raises NotFound for every other path.

    The path is read as it came, before percent-decoding, so that an encoded slash cannot pass for a separator.
    """
    segments = _segments(raw_path)
    if segments[:1] == ["api"] and len(segments) > 2:
        return _target(served, "", segments[1], segments[2:])
    if segments[:1] == ["apis"] and len(segments) > 3:
        return _target(served, segments[1], segments[2], segments[3:])
    raise no_such_path()


def _segments(raw_path: bytes) -> list[str]:
    path = raw_path.partition(b"?")[0].decode("ascii", "replace").removeprefix("/")
    head, proxy, rest = path.partition("/proxy/")
    segments = [unquote(each) for each in head.split("/")]
    if segments[-1] == "":
        segments.pop()
    if any(each in ("", ".", "..") or "/" in each or not each.isprintable() for each in segments):
        raise no_such_path()
    return [*segments, "proxy", rest] if proxy else segments


def _target(served: Served, group: str, version: str, segments: Sequence[str]) -> Target:
    namespace = ""
    scoped = len(segments) > 2 and segments[0] == "namespaces" and served.find(group, version, segments[2]) is not None
    if scoped:
        namespace, segments = segments[1], segments[2:]
    resource = served.find(group, version, segments[0])
    name = segments[1] if len(segments) > 1 else ""
    subresource = segments[2] if len(segments) > 2 else ""
    if resource is None:
        raise no_such_path()
    kind = resource.kind
    if (scoped and not kind.namespaced) or (name and kind.namespaced and not scoped):
        raise no_such_path()
    if len(segments) > (4 if subresource == "proxy" else 3) or (
        subresource and subresource not in resource.subresources
    ):
        raise no_such_path()
    return Target(resource, namespace, name, subresource, segments[3] if len(segments) > 3 else "")
