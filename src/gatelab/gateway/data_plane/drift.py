"""Drift: an object of ours that somebody changed, or that we now want otherwise.

We own the fields that we write and leave the others alone: what the API defaulted, what other controllers filled in
(addresses, node ports, replicas), what people added.
"""

from collections.abc import Mapping, Sequence
from typing import Any


def overlaid(present: Any, wanted: Any) -> Any:
    """`present` with every field of `wanted` put in. Lists of named things are matched by name, and only the wanted
    ones stay; other lists become the wanted list.
    """
    if isinstance(present, Mapping) and isinstance(wanted, Mapping):
        return {**present, **{name: overlaid(present.get(name), value) for name, value in wanted.items()}}
    if _is_named(present) and _is_named(wanted):
        by_name = {each["name"]: each for each in present}
        return [overlaid(by_name.get(each["name"], {}), each) for each in wanted]
    return wanted


def _is_named(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(isinstance(each, Mapping) and "name" in each for each in value)
    )
