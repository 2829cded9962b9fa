"""The Service kubernetes in the namespace default: how programs in a cluster find its API."""

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import ENDPOINT_SLICE, SERVICE
from gatelab.kinds.discovery import SERVICE_NAME
from gatelab.kinds.errors import AlreadyExists
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object

KEY = Key("default", "kubernetes")
_LABELS = {"component": "apiserver", "provider": "kubernetes"}


async def publish_api(cluster: Cluster, address: str, port: int) -> None:
    """Writes the Service, and the EndpointSlice that says where the API listens now."""
    service_port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}
    await _write(cluster, SERVICE, {**_named(_LABELS), "spec": {"type": "ClusterIP", "ports": [service_port]}})
    slice_ = {
        **_named({SERVICE_NAME: KEY.name}),
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }
    await _write(cluster, ENDPOINT_SLICE, slice_)


def _named(labels: dict[str, str]) -> Object:
    return {"metadata": {"name": KEY.name, "namespace": KEY.namespace, "labels": labels}}


async def _write(cluster: Cluster, kind: Kind, obj: Object) -> None:
    try:
        await cluster.create(kind, {"apiVersion": kind.api_version, "kind": kind.name, **obj})
    except AlreadyExists:
        # What was written by an earlier life of the lab stays; the API may listen elsewhere now.
        fields = {name: obj[name] for name in ("spec", "endpoints", "ports") if name in obj}
        await cluster.patch(kind, KEY, fields)
