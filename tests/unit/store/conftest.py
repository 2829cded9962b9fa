"""A store in memory, a clock that stands still, and small objects."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gatelab.kinds.builtin import NAMESPACE
from gatelab.store import Store, Stored, Watch


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(clock: Clock) -> AsyncIterator[Store]:
    store = Store.open(None, clock=clock)
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    yield store
    await store.close()


Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make() -> Make:
    """`make("name", owners=[stored], finalizers=[...], spec=...)`: an object in the namespace shop."""

    def made(name: str, *, owners: tuple[Stored, ...] = (), block: bool = False, **fields: Any) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": name, "namespace": "shop"}
        metadata |= {each: fields.pop(each) for each in ("labels", "finalizers", "namespace") if each in fields}
        if owners:
            metadata["ownerReferences"] = [
                {
                    "apiVersion": each.object["apiVersion"],
                    "kind": each.object["kind"],
                    "name": each.key.name,
                    "uid": each.uid,
                    "blockOwnerDeletion": block,
                }
                for each in owners
            ]
        return {"metadata": metadata, **fields}

    return made


@pytest.fixture
def until_removed() -> Callable[[Watch, str], Any]:
    async def wait(watch: Watch, name: str) -> Stored:
        async for type_, stored in watch:
            if type_ == "DELETED" and stored.key.name == name:
                return stored
        raise AssertionError("the watch ended")

    return wait
