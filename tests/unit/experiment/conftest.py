"""Results as the engine would give them, a cluster that is a table of objects, and servers for it."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent import futures
from typing import Any

import grpc
import pytest

from gatelab.cluster.port import Cluster, WatchEvent
from gatelab.experiment.file import Experiment, Load
from gatelab.kinds.builtin import ENDPOINT_SLICE, SERVICE
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


PODS = ("pod-a", "pod-b")
MakeCluster = Callable[..., Cluster]


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """The Gateway takes the pods in turn; Service and pod are one pod each."""
    servers, found = [], {}
    for name, pods in (("gateway", PODS), ("service", PODS[:1]), ("pod", PODS[:1])):
        turn = itertools.cycle(pods)
        server = grpc.server(futures.ThreadPoolExecutor(1))
        handler = grpc.unary_unary_rpc_method_handler(answering(turn))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("greetings.GreetMe", {"Send": handler}),))
        found[name] = server.add_insecure_port("127.28.0.6:0")
        server.start()
        servers.append(server)
    yield found
    for server in servers:
        server.stop(None).wait(5)


def answering(turn: Iterator[str]) -> Callable[[bytes, Any], bytes]:
    def send(_: bytes, context: Any) -> bytes:
        context.send_initial_metadata((("x-pod-name", next(turn)),))
        return b""

    return send


@pytest.fixture
def experiment(ports: dict[str, int], pytestconfig: pytest.Config) -> Experiment:
    return Experiment(
        experiment="shop",
        target=f"127.28.0.6:{ports['gateway']}",
        service=f"shop/till:{ports['service']}",
        proto="greetings.proto",
        call="greetings.GreetMe/Send",
        data={"name": "x"},
        tls="off",
        load=Load(rps=400, duration="750ms"),
        folder=str(pytestconfig.rootpath / "examples" / "hello-grpc"),
    )


@pytest.fixture
def cluster(ports: dict[str, int], make_cluster: MakeCluster) -> Cluster:
    service = {
        "metadata": {"namespace": "shop", "name": "till"},
        "spec": {"clusterIP": "127.28.0.6", "ports": [{"name": "grpc", "port": ports["service"]}]},
    }
    endpoints = [{"addresses": ["127.28.0.6"], "targetRef": {"name": pod}} for pod in PODS]
    slice_ = {
        "metadata": {"namespace": "shop", "name": "s", "labels": {"kubernetes.io/service-name": "till"}},
        "ports": [{"name": "grpc", "port": ports["pod"]}],
        "endpoints": endpoints,
    }
    return make_cluster([(SERVICE, service), (ENDPOINT_SLICE, slice_)])
