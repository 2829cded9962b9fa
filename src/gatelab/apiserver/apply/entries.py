"""The entries of `metadata.managedFields`: who owns which fields, by what operation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gatelab.apiserver.apply import fields_v1
from gatelab.apiserver.apply.field_sets import EMPTY, FieldSet, difference, union

Operation = Literal["Apply", "Update"]

MOST_UPDATERS = 10
_ANCIENT = "ancient-changes"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who writes, and how. An applier is the same in whatever version it applies."""

    manager: str
    operation: Operation
    api_version: str
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        version = "" if self.operation == "Apply" else self.api_version
        return self.manager, self.operation, version, self.subresource

    def __str__(self) -> str:
        """As conflicts name an owner."""
        name = f'"{self.manager}"'
        if self.subresource:
            name += f' with subresource "{self.subresource}"'
        return f"{name} using {self.api_version}" if self.operation == "Update" else name


@dataclass(frozen=True, slots=True)
class Entry:
    """What an owner owns, and since when (RFC 3339)."""

    owner: Owner
    fields: FieldSet
    time: str


Entries = Mapping[tuple[str, str, str, str], Entry]


def by_identity(entries: Iterable[Entry]) -> Entries:
    """The entries, without those that own nothing."""
    return {entry.owner.identity: entry for entry in entries if entry.fields}


def stored(metadata: Mapping[str, Any]) -> Entries:
    """The entries of an object that is stored, which were read once or are ours."""
    return by_identity(_entry(each, each.get("fieldsV1", EMPTY)) for each in metadata.get("managedFields") or ())


def sent(metadata: Mapping[str, Any]) -> Entries:
    """The entries that a client sent. Raises ValueError for what cannot be read."""
    listed = metadata.get("managedFields") or ()
    if any(each.get("operation") not in ("Apply", "Update") for each in listed):
        raise ValueError("the operation of an entry is Apply or Update")
    if any(each.get("fieldsType", "FieldsV1") != "FieldsV1" for each in listed):
        raise ValueError("the fields of an entry are FieldsV1")
    return by_identity(_entry(each, fields_v1.read(each.get("fieldsV1", {}))) for each in listed)


def is_reset(metadata: Mapping[str, Any]) -> bool:
    """Whether the client clears them all: a list of one empty entry."""
    return metadata.get("managedFields") == [{}]


def _entry(listed: Mapping[str, Any], fields: FieldSet) -> Entry:
    owner = Owner(
        listed.get("manager", ""), listed["operation"], listed.get("apiVersion", ""), listed.get("subresource", "")
    )
    return Entry(owner, fields, listed.get("time", ""))


def listed(entries: Entries) -> list[dict[str, Any]]:
    """The entries as an object holds them: appliers first, then by time."""
    ordered = sorted(_capped(entries).values(), key=lambda each: (each.owner.operation, each.time, each.owner.identity))
    return [_listed(each) for each in ordered]


def _listed(entry: Entry) -> dict[str, Any]:
    owner = entry.owner
    return {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": owner.api_version,
        **({"time": entry.time} if entry.time else {}),
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields,
        **({"subresource": owner.subresource} if owner.subresource else {}),
    }


def without(entries: Entries, fields: FieldSet) -> Entries:
    """The entries, none of which owns any of the fields."""
    if not fields:
        return entries
    return by_identity(replace(entry, fields=difference(entry.fields, fields)) for entry in entries.values())


def all_fields(entries: Entries) -> FieldSet:
    """What has any owner."""
    result = EMPTY
    for entry in entries.values():
        result = union(result, entry.fields)
    return result


def _capped(entries: Entries) -> Entries:
    """At most ten updaters: the oldest become one, as a client that changes its name would fill the object."""
    updaters = sorted(
        (each for each in entries.values() if each.owner.operation == "Update"), key=lambda each: each.time
    )
    spare = len(updaters) - MOST_UPDATERS
    if spare <= 0:
        return entries
    ancient = _joined(updaters[: spare + 1])
    gone = {each.owner.identity for each in updaters[: spare + 1]}
    return by_identity([*(each for each in entries.values() if each.owner.identity not in gone), *ancient])


def _joined(updaters: Sequence[Entry]) -> list[Entry]:
    """One entry for each version that they wrote in."""
    joined: dict[str, Entry] = {}
    for each in updaters:
        owner = Owner(_ANCIENT, "Update", each.owner.api_version)
        before = joined.get(owner.api_version, Entry(owner, EMPTY, ""))
        joined[owner.api_version] = Entry(owner, union(before.fields, each.fields), each.time)
    return list(joined.values())
