"""An object as the store holds it: parsed once, encoded once."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatelab.kinds.objects import Key, Object, key_of

_FIRST = ("apiVersion", "kind", "metadata")

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder().decode


class Stored:
    """One version of an object. `object` is shared and must not be changed; `data` is the same as canonical JSON.

    Canonical is the order that people expect: apiVersion, kind, metadata, then as given, status last. `version` is
    `metadata.resourceVersion` as a number; 0 for the result of a dry run of a creation.

    Parsed, an object takes about ten times its JSON. A version that was replaced long ago is kept for watches to resume
    from, and hardly ever read: `forget_parsed` leaves it as JSON, from which `object` is then parsed each time.
    """

    __slots__ = ("_parsed", "data", "key", "version")

    def __init__(self, key: Key, version: int, obj: Object, data: bytes) -> None:
        self.key = key
        self.version = version
        self.data = data
        self._parsed: Object | None = obj

    @property
    def object(self) -> Object:
        return _decode(self.data) if self._parsed is None else self._parsed

    def forget_parsed(self) -> None:
        self._parsed = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.object["metadata"]  # type: ignore[no-any-return]

    @property
    def uid(self) -> str:
        return self.object["metadata"]["uid"]  # type: ignore[no-any-return]

    @property
    def labels(self) -> Mapping[str, str]:
        return self.object["metadata"].get("labels") or {}

    def __repr__(self) -> str:
        """Never the content: it may be a Secret's."""
        return f"Stored({self.key}, version {self.version})"


def stored(obj: Object, version: int) -> Stored:
    """`obj` at a version. What is kept is a copy, so that the caller's object may change afterwards."""
    metadata = {**obj["metadata"], "resourceVersion": str(version)}
    if not version:
        del metadata["resourceVersion"]
    data = _encode(_ordered({**obj, "metadata": metadata}))
    return recovered(data, version)


def recovered(data: bytes, version: int) -> Stored:
    """What `data`, once made by `stored`, holds."""
    obj = _decode(data)
    return Stored(key_of(obj), version, obj, data)


def _ordered(obj: Object) -> Object:
    first = {name: obj[name] for name in _FIRST if name in obj}
    rest = {name: value for name, value in obj.items() if name not in first and name != "status"}
    last = {"status": obj["status"]} if "status" in obj else {}
    return {**first, **rest, **last}
