"""PodMetrics and NodeMetrics of metrics.k8s.io/v1beta1: what `kubectl top` reads."""

from gatelab.kinds.schemas.build import Schema, array, fields, mapping, text, whole

GROUP_NAME = "metrics.k8s.io"
_USAGE = mapping({"x-kubernetes-int-or-string": True, "format": "quantity"}, "CPU and memory used.")


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    container = fields({"name": text("The container."), "usage": _USAGE}, required=("name", "usage"))
    return {
        f"{GROUP_NAME}.PodMetrics": _measured(
            {"containers": array(container, "Container by container.")}, "What a pod uses."
        ),
        f"{GROUP_NAME}.NodeMetrics": _measured({"usage": _USAGE}, "What a node uses."),
    }


def _measured(properties: dict[str, Schema], about: str) -> Schema:
    schema = whole(None, None, about)
    moments = {
        "timestamp": text("The end of the interval.", format="date-time"),
        "window": text("The interval's length, as 10s."),
    }
    return {**schema, "properties": {**schema["properties"], **moments, **properties}}
