"""Conditions: the observations in an object's status (API conventions, "Typical status properties")."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Condition(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One observation. `last_transition_time` is RFC 3339 in UTC, and moves only when `status` changes."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int | None = None


def condition(conditions: Sequence[Mapping[str, Any]], type_: str) -> Mapping[str, Any] | None:
    """The condition of that type, if it is there."""
    return next((each for each in conditions if each.get("type") == type_), None)


def is_true(conditions: Sequence[Mapping[str, Any]], type_: str) -> bool:
    """Whether the condition is there and "True"."""
    found = condition(conditions, type_)
    return found is not None and found.get("status") == "True"


def merged(
    present: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]], *, now: str
) -> list[Mapping[str, Any]]:
    """`present` with `wanted` put in by type: order kept, new ones at the end.

    A condition whose status did not change keeps its lastTransitionTime; otherwise it gets `now` (RFC 3339), so that
    merging the same observation twice is the identity and writes nothing.
    """
    by_type = {each["type"]: dict(each) for each in present}
    for want in wanted:
        old = by_type.get(want["type"])
        since = old["lastTransitionTime"] if old and old["status"] == want["status"] else now
        by_type[want["type"]] = {**want, "lastTransitionTime": since}
    return list(by_type.values())
