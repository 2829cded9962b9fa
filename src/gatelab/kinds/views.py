"""Typed views: an object read as a frozen struct with Python's names (`sectionName` -> `section_name`).

A view names only the fields that somebody reads; what it does not name is ignored, so a view never stands in the way of
a newer API. Views are for reading. Writers build JSON.
"""

from typing import Any, TypeVar

import msgspec

from gatelab.kinds.objects import Key, Object

V = TypeVar("V", bound="View")


class View(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True, gc=False):
    """A struct that reads a part of an object.

    JSON has no cycles, so the garbage collector need not look at views, of which there are many.
    """


class OwnerReference(View, frozen=True):
    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class ObjectMeta(View, frozen=True):
    """`metadata`. Times are RFC 3339 strings in UTC."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)


class ObjectView(View, frozen=True):
    """A view of a whole object."""

    metadata: ObjectMeta = ObjectMeta()


def view(type_: type[V], obj: Object | Any) -> V:
    """`obj` as a `type_`. Null is read as absent, as the API does. Raises msgspec.ValidationError with a JSON path."""
    return msgspec.convert(_without_nulls(obj), type_, strict=False)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value
