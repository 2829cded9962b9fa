"""Results as the engine would give them, and a cluster that is a table of objects."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import pytest

from gatelab.cluster.port import WatchEvent
from gatelab.kinds.errors import NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.selectors import from_query
from gatelab.load import ConnectionResult, Histogram, LoadResult

MakeResult = Callable[..., LoadResult]


@pytest.fixture
def make_result() -> MakeResult:
    def make(pods: Mapping[str, int], *, errors: int = 0, latency_ns: int = 2_000_000, **changes: Any) -> LoadResult:
        times = Histogram()
        for number in range(sum(pods.values())):
            times.record(latency_ns + number)
        fields: dict[str, Any] = {
            "count": sum(pods.values()) + errors,
            "errors": errors,
            "statuses": {"OK": sum(pods.values())} | ({"Unavailable": errors} if errors else {}),
            "error_messages": {"no healthy upstream": errors} if errors else {},
            "pods": pods,
            "connections": (ConnectionResult(target=("127.28.0.1", 1), count=9, pods=pods, reconnects=0),),
            "service": times,
            "response": times,
            "started": 0.0,
            "elapsed_s": 10.0,
            "intended_rps": 100.0,
        }
        return LoadResult(**{**fields, **changes})

    return make


class TableCluster:
    """The reading half of the cluster port over given objects."""

    def __init__(self, objects: Sequence[tuple[Kind, Object]] = ()) -> None:
        self.objects = list(objects)

    async def get(self, kind: Kind, key: Key) -> Object:
        for its_kind, obj in self.objects:
            if its_kind == kind and key_of(obj) == key:
                return obj
        raise NotFound(f"{kind.qualified_plural} {key.name!r} not found")

    async def list(
        self, kind: Kind, *, namespace: str | None = None, labels: str | None = None, fields: str | None = None
    ) -> Sequence[Object]:
        selector = from_query(labels or "")
        return [
            obj
            for its_kind, obj in self.objects
            if its_kind == kind
            and namespace in (None, obj["metadata"].get("namespace"))
            and selector.matches(obj["metadata"].get("labels") or {})
        ]

    def watch(self, *_: Any, **__: Any) -> AsyncIterator[WatchEvent]:
        raise AssertionError("an experiment asks, it does not watch")

    async def _not_written(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("an experiment changes nothing through the port")

    create = update = patch = delete = _not_written


@pytest.fixture
def make_cluster() -> Callable[..., TableCluster]:
    return TableCluster
