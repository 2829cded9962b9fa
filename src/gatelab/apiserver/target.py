"""What a request's path names: a kind in a version, a namespace, an object, a part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Target:
    """A resource path, read. `version` is the one asked for; `rest` is what follows `proxy`."""

    kind: Kind
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.kind.group}/{self.version}" if self.kind.group else self.version

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)


_KINDS: Mapping[tuple[str, str, str], Kind] = {
    (kind.group, version, kind.plural): kind for kind in BUILTIN for version in kind.served
}
_SUBRESOURCES: Mapping[str, frozenset[str]] = {
    kind.qualified_plural: frozenset(
        [
            *["status"] * kind.has_status,
            *["scale"] * kind.has_scale,
            *["log", "proxy"] * (kind.qualified_plural == "pods"),
        ]
    )
    for kind in BUILTIN
}


def no_such_path() -> NotFound:
    return NotFound("the server could not find the requested resource")


def parsed(raw_path: bytes) -> Target:
    """The target of `/api/v1/…` or `/apis/<group>/<version>/…`. Raises NotFound for every other path.

    The path is read as it came, before percent-decoding, so that an encoded slash cannot pass for a separator.
    """
    segments = _segments(raw_path)
    if segments[:1] == ["api"] and len(segments) > 2:
        return _resource("", segments[1], segments[2:])
    if segments[:1] == ["apis"] and len(segments) > 3:
        return _resource(segments[1], segments[2], segments[3:])
    raise no_such_path()


def _segments(raw_path: bytes) -> list[str]:
    path = raw_path.partition(b"?")[0].decode("ascii", "replace").lstrip("/")
    head, proxy, rest = path.partition("/proxy/")
    segments = [unquote(each) for each in head.split("/")]
    if segments[-1] == "":
        segments.pop()
    if any(each in ("", ".", "..") or "/" in each or not each.isprintable() for each in segments):
        raise no_such_path()
    return [*segments, "proxy", rest] if proxy else segments


def _resource(group: str, version: str, segments: Sequence[str]) -> Target:
    namespace = ""
    scoped = len(segments) > 2 and segments[0] == "namespaces" and (group, version, segments[2]) in _KINDS
    if scoped:
        namespace, segments = segments[1], segments[2:]
    kind = _KINDS.get((group, version, segments[0]))
    name = segments[1] if len(segments) > 1 else ""
    subresource = segments[2] if len(segments) > 2 else ""
    if kind is None or (scoped and not kind.namespaced) or (name and kind.namespaced and not scoped):
        raise no_such_path()
    if len(segments) > (4 if subresource == "proxy" else 3) or (
        subresource and subresource not in _SUBRESOURCES[kind.qualified_plural]
    ):
        raise no_such_path()
    return Target(kind, version, namespace, name, subresource, segments[3] if len(segments) > 3 else "")
