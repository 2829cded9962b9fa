"""Defaults of EndpointSlices."""

from typing import Any

from gatelab.kinds.objects import Object


def endpoint_slice(obj: Object) -> dict[str, Any]:
    ports = [{"name": "", "protocol": "TCP", **each} for each in obj.get("ports") or ()]
    return {**obj, "endpoints": obj.get("endpoints") or [], **({"ports": ports} if ports else {})}
