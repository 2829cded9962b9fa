"""The container of a data plane's pods: Envoy, how it starts, when it is ready, and how it is drained.

Pure: a Gateway in, JSON out.
"""

import json
from typing import Any

from gatelab.gateway.settings import DataPlaneSettings
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key
from gatelab.proxy.bootstrap import bootstrap
from gatelab.proxy.command import envoy_arguments
from gatelab.proxy.drain import ADMIN_SOCKET

_ENVOY = "envoy"
_FROM_THE_POD = {
    "POD_NAME": "metadata.name",
    "POD_NAMESPACE": "metadata.namespace",
    "POD_UID": "metadata.uid",
    "POD_IP": "status.podIP",
}
"""Variables of the container, with the field of the pod that each one has."""


def proxy_name(gateway: Key) -> str:
    """The name by which the Gateway's Envoys ask for their configuration (`node.cluster`)."""
    return f"{gateway.namespace}/{gateway.name}"


def envoy_container(outcome: GatewayOutcome, settings: DataPlaneSettings) -> dict[str, Any]:
    """The container, with what the Gateway's parameters say of it."""
    admin_socket = f"{settings.run_dir}/envoy-$(POD_UID)"
    config = bootstrap(
        proxy=proxy_name(outcome.gateway.metadata.key),
        node_id="$(POD_NAME)",
        xds_socket=settings.xds_socket,
        admin_socket=admin_socket,
        drain_path=_drain_path(outcome.gateway, settings),
        ready=("$(POD_IP)", settings.ready_port),
    )
    parameters = outcome.parameters
    container: dict[str, Any] = {
        "name": _ENVOY,
        "image": settings.image,
        "args": envoy_arguments(
            config_yaml=json.dumps(config, separators=(",", ":"), sort_keys=True), concurrency=parameters.workers
        ),
        "env": [
            *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in _FROM_THE_POD.items()),
            {"name": ADMIN_SOCKET, "value": admin_socket},
        ],
        "resources": {name: dict(each) for name, each in parameters.resources.items()},
        "ports": [{"name": "ready", "containerPort": settings.ready_port, "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": settings.ready_port},
            "periodSeconds": 1,
            "failureThreshold": 3,
        },
    }
    if hook := _drain_hook(outcome.gateway, settings):
        container["lifecycle"] = {"preStop": hook}
    return container


def _drain_path(gateway: Gateway, settings: DataPlaneSettings) -> str:
    """Known to those who may read the Gateway; "" where the machine has a program for it."""
    return f"/drain/{gateway.metadata.uid}" if settings.bind == "any" else ""


def _drain_hook(gateway: Gateway, settings: DataPlaneSettings) -> dict[str, Any] | None:
    path = _drain_path(gateway, settings)
    if path:
        return {"httpGet": {"path": path, "port": settings.ready_port}}
    return {"exec": {"command": list(settings.drain)}} if settings.drain else None
