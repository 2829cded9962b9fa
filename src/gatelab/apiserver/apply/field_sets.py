"""Arithmetic of sets of fields, in the form of FieldsV1.

A set maps path elements (`f:spec`, `k:{"name":"a"}`) to what is in the set at and below them: `{}` is the element
itself, `{".": {}, "f:a": {}}` the element and its `a`, `{"f:a": {}}` only its `a`. The empty set is `{}`. Sets are
shared and never changed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

FieldSet = Mapping[str, Any]
Path = tuple[str, ...]

ITSELF = "."
EMPTY: FieldSet = {}
_ONLY_ITSELF: FieldSet = {ITSELF: EMPTY}


def below(node: FieldSet) -> FieldSet:
    """What stands at an element, with the element itself spelled out."""
    return node or _ONLY_ITSELF


def contracted(node: FieldSet) -> FieldSet:
    """The shortest form of what stands at an element."""
    return EMPTY if len(node) == 1 and ITSELF in node else node


def is_member(node: FieldSet) -> bool:
    """Whether the element at which this stands is in the set itself."""
    return not node or ITSELF in node


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in either."""
    if not one or not other:
        return one or other
    result = dict(one)
    for element, theirs in other.items():
        mine = result.get(element)
        if mine is None:
            result[element] = theirs
        elif mine != theirs:
            result[element] = contracted(union(below(mine), below(theirs)))
    return result


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in `one` and not in `other`."""
    result = {}
    for element, mine in one.items():
        theirs = other.get(element)
        if theirs is None:
            result[element] = mine
        elif element != ITSELF and (rest := difference(below(mine), below(theirs))):
            result[element] = contracted(rest)
    return result


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in both."""
    result = {}
    for element, mine in one.items():
        theirs = other.get(element)
        if theirs is None:
            continue
        if element == ITSELF:
            result[element] = EMPTY
        elif shared := intersection(below(mine), below(theirs)):
            result[element] = contracted(shared)
    return result


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """Every member of the set, as the path elements that lead to it, in order."""
    for element in sorted(fields):
        if element == ITSELF:
            yield prefix
        else:
            yield from paths(below(fields[element]), (*prefix, element))
