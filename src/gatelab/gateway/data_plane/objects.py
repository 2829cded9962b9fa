"""The objects of a Gateway's data plane: a ServiceAccount, a Deployment of Envoy, a Service (GEP-1762).

Pure: a Gateway in, JSON out. Owner references make the cluster delete them with the Gateway.
"""

from collections.abc import Mapping
from typing import Any

from gatelab.gateway.data_plane.envoy_container import envoy_container
from gatelab.gateway.settings import DataPlaneSettings
from gatelab.gateway.translate import addresses
from gatelab.gateway.translate.bound_ports import bound_port, transport_port
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.kinds.builtin import DEPLOYMENT, GATEWAY, SERVICE, SERVICE_ACCOUNT
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.kind import Kind
from gatelab.kinds.lab import SERVED_BY
from gatelab.kinds.names import shortened
from gatelab.kinds.objects import Key

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
GATEWAY_CLASS_NAME = "gateway.networking.k8s.io/gateway-class-name"
_GRACE_PERIOD_S = 30


def data_plane_key(gateway: Gateway, naming: str) -> Key:
    """The key of all three objects; `naming` is a pattern of `settings`."""
    full = naming.format(gateway=gateway.metadata.name, gateway_class=gateway.spec.gateway_class_name)
    return Key(gateway.metadata.namespace, shortened(full))


def data_plane(
    outcome: GatewayOutcome, key: Key, settings: DataPlaneSettings
) -> tuple[tuple[Kind, dict[str, Any]], ...]:
    """The wanted objects, in the order in which they are made: what the pods need first."""
    gateway = outcome.gateway
    metadata = _metadata(gateway, key)
    return (
        (SERVICE_ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
        (SERVICE, _service(outcome, metadata, settings)),
        (DEPLOYMENT, _deployment(outcome, metadata, settings)),
    )


def selector_labels(gateway: Gateway) -> dict[str, str]:
    """What tells a Gateway's pods from all others of its namespace."""
    return {GATEWAY_NAME: shortened(gateway.metadata.name)}


def _metadata(gateway: Gateway, key: Key) -> dict[str, Any]:
    owner = {
        "apiVersion": GATEWAY.api_version,
        "kind": GATEWAY.name,
        "name": gateway.metadata.name,
        "uid": gateway.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata: dict[str, Any] = {
        "name": key.name,
        "namespace": key.namespace,
        "labels": _labels(gateway),
        "ownerReferences": [owner],
    }
    if gateway.spec.infrastructure.annotations:
        metadata["annotations"] = dict(gateway.spec.infrastructure.annotations)
    return metadata


def _labels(gateway: Gateway) -> dict[str, str]:
    return {
        **gateway.spec.infrastructure.labels,
        **selector_labels(gateway),
        GATEWAY_CLASS_NAME: shortened(gateway.spec.gateway_class_name),
    }


def _service(outcome: GatewayOutcome, metadata: Mapping[str, Any], settings: DataPlaneSettings) -> dict[str, Any]:
    gateway = outcome.gateway
    # All accepted listeners, servable or not: the address and its ports shall not come and go with a certificate.
    listeners = [each.verdict.listener for each in outcome.listeners if each.verdict.is_accepted]
    # A port keeps its name, and with it its node port, when a ListenerSet adds a listener of another protocol to it.
    protocols = {transport_port(listener): listener.protocol for listener in reversed(listeners)}
    ports = [
        {
            "name": f"{protocol.lower()}-{port}",
            "port": port,
            "targetPort": bound_port(port, settings.privileged_shift),
            "protocol": transport,
        }
        for (transport, port), protocol in sorted(protocols.items(), key=lambda each: each[0][::-1])
    ]
    annotations = dict(metadata.get("annotations", {}))
    spec: dict[str, Any] = {"type": "LoadBalancer", "selector": selector_labels(gateway), "ports": ports}
    if settings.bind == "service-address":
        annotations[SERVED_BY] = "pod"
        spec["allocateLoadBalancerNodePorts"] = False
    if address := addresses.wanted(gateway):
        spec["loadBalancerIP"] = address
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**metadata, **({"annotations": annotations} if annotations else {})},
        "spec": spec,
    }


def _deployment(outcome: GatewayOutcome, metadata: Mapping[str, Any], settings: DataPlaneSettings) -> dict[str, Any]:
    gateway = outcome.gateway
    template_metadata = {name: metadata[name] for name in ("labels", "annotations") if name in metadata}
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": outcome.parameters.replicas or 1,
            # The new one serves, at the same address even, before the old one is told to drain.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": selector_labels(gateway)},
            "template": {
                "metadata": template_metadata,
                "spec": {
                    "serviceAccountName": metadata["name"],
                    "terminationGracePeriodSeconds": _GRACE_PERIOD_S,
                    "containers": [envoy_container(outcome, settings)],
                },
            },
        },
    }
