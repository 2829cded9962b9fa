"""What the pods and the nodes use, by the metrics API (metrics.k8s.io)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import NODE_METRICS, POD_METRICS
from gatelab.kinds.errors import ApiError
from gatelab.kinds.objects import Object
from gatelab.kinds.quantity import parse_quantity


async def cpu_millicores(cluster: Cluster, namespace: str) -> dict[str, float]:
    """CPU of each pod in the namespace, over the window of its last sample. Empty without a metrics API."""
    try:
        pods = await cluster.list(POD_METRICS, namespace=namespace)
    except ApiError:
        return {}
    return {
        pod["metadata"]["name"]: float(1000 * sum(_used(each, "cpu") for each in pod.get("containers") or ()))
        for pod in pods
    }


async def memory_bytes(cluster: Cluster) -> int | None:
    """Memory of all nodes together, which in a lab is the PSS of all its processes. None without a metrics API."""
    try:
        nodes = await cluster.list(NODE_METRICS)
    except ApiError:
        return None
    return int(sum(_used(node, "memory") for node in nodes)) if nodes else None


def _used(measured: Object | Mapping[str, Any], resource: str) -> Decimal:
    try:
        return parse_quantity((measured.get("usage") or {}).get(resource, "0"))
    except ValueError:
        return Decimal(0)
