"""A resource as it travels: named, versioned by its content, and what it leans on."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from gatelab.proxy.model import ResourceType

LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTE_TABLE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
HOST = "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration"
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"

RESOURCE_TYPES: dict[str, ResourceType] = {
    LISTENER: "listener",
    ROUTE_TABLE: "route_table",
    HOST: "host",
    CLUSTER: "backend",
    ENDPOINTS: "endpoints",
    SECRET: "certificate",
}
"""Envoy's type URLs, with the model's word for each."""

Reference = tuple[str, str]
"""A resource by type URL and name."""


@dataclass(frozen=True, slots=True)
class EncodedResource:
    """A serialised resource. `needs` are the resources that it names; `repr` hides the bytes (keys are in them)."""

    type_url: str
    name: str
    version: str
    body: bytes = field(repr=False)
    needs: frozenset[Reference] = frozenset()


def encoded(name: str, message: Message, needs: Iterable[Reference] = ()) -> EncodedResource:
    """Serialise deterministically; the version is a hash of the bytes, so equal content has an equal version."""
    type_url = f"type.googleapis.com/{message.DESCRIPTOR.full_name}"
    return of_bytes(type_url, name, message.SerializeToString(deterministic=True), needs)


def of_bytes(type_url: str, name: str, body: bytes, needs: Iterable[Reference] = ()) -> EncodedResource:
    """A message that is serialised already."""
    version = hashlib.blake2b(body, digest_size=8).hexdigest()
    return EncodedResource(type_url, name, version, body, frozenset(needs))


def packed(message: Message) -> AnyMessage:
    """The message in an Any, with deterministic bytes."""
    return AnyMessage(
        type_url=f"type.googleapis.com/{message.DESCRIPTOR.full_name}",
        value=message.SerializeToString(deterministic=True),
    )
