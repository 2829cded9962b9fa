"""A write load whose every state can be told from a number: lanes that each do operation 0, 1, 2, … of a fixed list.

After `n` operations a lane's objects are `expected(lane, n)`. An operation that was under way may be there or not, so
a lane of which `n` operations were acknowledged holds `expected(lane, n)` or `expected(lane, n + 1)`, and nothing else.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal

NAMESPACE = "shop"
LANES = 8
_PADDING = "durable " * 40
"""Enough for an object not to fit what a disk writes at once (512 bytes), and small enough for many on a page."""

Verb = Literal["create", "update", "delete"]
Operation = tuple[Verb, str, dict[str, str]]


def operation(lane: int, number: int) -> Operation:
    """Create, update, update, and each second object is deleted again."""
    thing, step = divmod(number, 4)
    name = f"lane-{lane}-{thing}"
    data = {"step": str(step), "padding": f"{name}/{step} {_PADDING}"}
    if step == 3 and thing % 2:
        return "delete", name, {}
    return ("create" if step == 0 else "update"), name, data


def expected(lane: int, done: int) -> Mapping[str, Mapping[str, str]]:
    """The data of the lane's objects, by name, after so many operations."""
    found: dict[str, Mapping[str, str]] = {}
    for number in range(done):
        verb, name, data = operation(lane, number)
        if verb == "delete":
            del found[name]
        else:
            found[name] = data
    return found


def config_map(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


async def lane(
    number: int, start: int, perform: Callable[[Operation], Awaitable[bool]], *, most: int = 1_000_000
) -> AsyncIterator[int]:
    """Performs the lane's operations from `start` on, one after another; yields how many are done, each time one is
    acknowledged. Ends when `perform` says that there was no acknowledgement.
    """
    for done in range(start, most):
        if not await perform(operation(number, done)):
            return
        yield done + 1


def objects_of(lane: int, everything: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    return {name: data for name, data in everything.items() if name.startswith(f"lane-{lane}-")}


def operations_done(lane: int, acknowledged: int, everything: Mapping[str, Mapping[str, str]]) -> int:
    """How many operations of the lane the objects show. Raises AssertionError if they show no whole state."""
    present = objects_of(lane, everything)
    for done in (acknowledged, acknowledged + 1):
        if present == expected(lane, done):
            return done
    wanted = expected(lane, acknowledged)
    lost = sorted(name for name in wanted if present.get(name) != wanted[name])
    extra = sorted(present.keys() - wanted.keys())
    raise AssertionError(f"lane {lane}, {acknowledged} acknowledged: lost or half written {lost}, unknown {extra}")
