"""Lists under a strategic merge patch: items merge by their key, values as a set, and the patch may say the order."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gatelab.kinds.errors import BadRequest

PATCH = "$patch"
Merge = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any] | None]
"""Merges an item of the patch into a present one; None when the patch deletes it."""

_encode = msgspec.json.Encoder(order="sorted").encode


def merged(present: list[Any], patch: list[Any], merge_key: str | None, merge: Merge) -> list[Any]:
    """`present` with the items of the patch. Raises BadRequest for an item without its key."""
    if merge_key is None:
        known = {_encode(each) for each in present}
        return [*present, *(each for each in patch if _encode(each) not in known)]
    if any(isinstance(each, dict) and each.get(PATCH) == "replace" for each in patch):
        return [each for each in patch if not (isinstance(each, dict) and PATCH in each)]
    return _merged_items(present, patch, merge_key, merge)


def _merged_items(present: list[Any], patch: list[Any], merge_key: str, merge: Merge) -> list[Any]:
    result: list[Any] = list(present)
    places: dict[bytes, int] = {}
    for index, each in enumerate(present):
        if isinstance(each, dict) and merge_key in each:
            places.setdefault(_encode(each[merge_key]), index)
    gone = set()
    for item in patch:
        if not isinstance(item, dict) or merge_key not in item:
            raise BadRequest(f"map: {item!r} does not contain declared merge key: {merge_key}")
        identity = _encode(item[merge_key])
        index = places.get(identity, len(result))
        new = merge(result[index] if identity in places and index not in gone else {}, item)
        if new is None:
            gone.add(index)
            continue
        gone.discard(index)
        result[index : index + 1] = [new]
        places[identity] = index
    return [each for index, each in enumerate(result) if index not in gone]


def without(present: list[Any], values: Sequence[Any]) -> list[Any]:
    """A list of values without some of them."""
    gone = {_encode(each) for each in values}
    return [each for each in present if _encode(each) not in gone]


def check_order(patch: Sequence[Any], order: Sequence[Any], field: str, merge_key: str | None) -> None:
    """Raises BadRequest unless the order names every item that the patch brings, in the order of the patch."""
    places = {_identity(each, merge_key): index for index, each in enumerate(order)}
    brought = [each for each in patch if not (isinstance(each, dict) and PATCH in each)]
    found = [places.get(_identity(each, merge_key), -1) for each in brought]
    if -1 in found or found != sorted(found):
        raise BadRequest(
            f"The order in patch list of {field} doesn't match its $setElementOrder list: "
            f"{_encode(list(order)).decode()}"
        )


def ordered(items: list[Any], before: list[Any], order: list[Any], merge_key: str | None) -> list[Any]:
    """The list with the items that the patch knows in the patch's order; the others keep their place among them.

    An item that is new comes before the others, as `kubectl patch` that adds a container shows on any cluster.
    """
    wanted = {_identity(each, merge_key): index for index, each in reversed(list(enumerate(order)))}
    was = {_identity(each, merge_key): index for index, each in reversed(list(enumerate(before)))}
    named = [(_identity(each, merge_key), each) for each in items]
    known = deque(sorted((each for each in named if each[0] in wanted), key=lambda each: wanted[each[0]]))
    others = deque(each for each in named if each[0] not in wanted)
    result = []
    while known and others:
        first, other = known[0][0], others[0][0]
        other_first = first in was and other in was and was[other] < was[first]
        result.append((others if other_first else known).popleft())
    return [each for _, each in (*result, *known, *others)]


def _identity(item: Any, merge_key: str | None) -> bytes:
    return _encode(item.get(merge_key) if merge_key is not None and isinstance(item, dict) else item)
