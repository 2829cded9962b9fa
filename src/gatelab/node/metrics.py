"""PodMetrics and NodeMetrics: what metrics-server would say, written as objects every few seconds."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import NODE_METRICS, POD_METRICS
from gatelab.kinds.errors import ApiError, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gatelab.kinds.quantity import format_cpu, format_memory
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.node.agent import NODE_NAME
from gatelab.node.usage import Usage, UsageMeter

logger = logging.getLogger(__name__)

PERIOD_S = 5.0
FIRST_S = 1.0
QUIET_PERIOD_S = 15.0
"""How old a measurement of what does nothing may be: an idle lab should be idle, and metrics-server is no quicker."""
_IDLE_CORES = 0.002

Pods = Callable[[], Mapping[Key, Mapping[str, int]]]
"""The process of each container of each pod."""
Own = Callable[[], Mapping[str, int]]
"""The lab's own processes by name."""


class MetricsWriter:
    """Measures and writes."""

    def __init__(self, cluster: Cluster, pods: Pods, own: Own) -> None:
        self._cluster = cluster
        self._pods = pods
        self._own = own
        self._meter = UsageMeter()
        self._written: dict[tuple[Kind, Key], tuple[float, Mapping[str, Usage]]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        delay_s = FIRST_S
        while True:
            await asyncio.sleep(delay_s)
            delay_s = PERIOD_S
            try:
                await self.write(time.monotonic())
            except ApiError as error:
                logger.debug("metrics are not written: %s", error.message)

    async def write(self, now: float) -> None:
        """One measurement of everything. Raises ApiError."""
        pods = self._pods()
        containers = {f"{key}/{name}": pid for key, each in pods.items() for name, pid in each.items()}
        usage = self._meter.measure(containers, self._own(), now)
        for key, each in pods.items():
            measured = {name: usage[f"{key}/{name}"] for name in each if f"{key}/{name}" in usage}
            if measured:
                await self._put(POD_METRICS, key, measured, now)
        for kind, key in [*self._written]:
            if kind is POD_METRICS and not pods.get(key):
                await self._remove(key)
        window_s = max((each.window_s for each in usage.values()), default=0.0)
        total = Usage(sum(u.cores for u in usage.values()), sum(u.memory_bytes for u in usage.values()), window_s)
        await self._put(NODE_METRICS, Key("", NODE_NAME), {NODE_NAME: total}, now)

    async def _put(self, kind: Kind, key: Key, usage: Mapping[str, Usage], now: float) -> None:
        written = self._written.get((kind, key))
        if written is not None and now - written[0] < QUIET_PERIOD_S and _is_alike(written[1], usage):
            return
        obj = metrics_object(kind, key, usage, timestamp=to_rfc3339(utc_now()))
        try:
            await self._cluster.update(kind, obj)
        except NotFound:
            await self._cluster.create(kind, obj)
        self._written[kind, key] = (now, usage)

    async def _remove(self, key: Key) -> None:
        del self._written[POD_METRICS, key]
        try:
            await self._cluster.delete(POD_METRICS, key)
        except NotFound:
            return


def metrics_object(kind: Kind, key: Key, usage: Mapping[str, Usage], *, timestamp: str) -> dict[str, Any]:
    """A PodMetrics with one entry per container, or a NodeMetrics of the one entry that is there."""
    window_s = max(each.window_s for each in usage.values())
    obj: dict[str, Any] = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": key.name} | ({"namespace": key.namespace} if key.namespace else {}),
        "timestamp": timestamp,
        "window": f"{window_s:.3f}s",
    }
    if kind is NODE_METRICS:
        (total,) = usage.values()
        return obj | {"usage": _quantities(total)}
    return obj | {"containers": [{"name": name, "usage": _quantities(each)} for name, each in sorted(usage.items())]}


def _quantities(usage: Usage) -> dict[str, str]:
    return {"cpu": format_cpu(usage.cores), "memory": format_memory(usage.memory_bytes)}


def _is_alike(one: Mapping[str, Usage], other: Mapping[str, Usage]) -> bool:
    """Whether both are idle, and of the same size: nobody would see the difference."""
    return one.keys() == other.keys() and all(
        each.cores < _IDLE_CORES and other[name].cores < _IDLE_CORES and each.memory_bytes == other[name].memory_bytes
        for name, each in one.items()
    )
