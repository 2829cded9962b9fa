"""Files that the API's objects become: what the sources of content have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gatelab.kinds.objects import Object
from gatelab.kinds.pods import Pod
from gatelab.kinds.volumes import KeyToPath

Lookup = Callable[[str, str], Object | None]
"""("ConfigMap" | "Secret", name in the pod's namespace) -> the object; None when there is none."""


class VolumeNotReady(Exception):
    """A volume cannot be had yet. The pod waits, with the Event FailedMount; it is tried again."""


@dataclass(frozen=True, slots=True)
class File:
    """One file. It may hold a secret, so `repr` does not show it."""

    data: bytes
    mode: int

    def __repr__(self) -> str:
        return f"File({len(self.data)} bytes, {self.mode:o})"


Content = Mapping[str, File]
"""Relative path -> file."""


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What a source of content may ask."""

    pod: Pod
    address: str
    lookup: Lookup


def chosen(
    data: Mapping[str, bytes], items: Sequence[KeyToPath], *, mode: int, optional: bool, kind: str
) -> dict[str, File]:
    """The files for `data`: one per key, or those of `items` under the paths that they name.

    Raises VolumeNotReady for a key that is not there, unless `optional`; the words are the kubelet's.
    """
    if not items:
        return {key: File(value, mode) for key, value in data.items()}
    files: dict[str, File] = {}
    for item in items:
        if item.key in data:
            path = relative(item.path)
            files[path] = File(data[item.key], mode if item.mode is None else item.mode)
        elif not optional:
            described = "config key" if kind == "configmap" else "secret key"
            raise VolumeNotReady(f"{kind} references non-existent {described}: {item.key}")
    return files


def relative(path: str) -> str:
    """The path, in its simplest form. Raises VolumeNotReady when it leaves the volume."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or pure.parts[0].startswith(".."):
        raise VolumeNotReady(f"path {path!r} must be relative and have no '..'")
    return str(pure)
