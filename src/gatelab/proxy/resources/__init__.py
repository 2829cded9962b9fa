"""The model as Envoy protobufs, one small file per Envoy type.

In: a `model.ProxyConfig`, or the endpoints of one backend. Out: `EncodedResource`s - name, version, bytes, and the
resources that each names. Equal input gives equal bytes, and the version is a hash of them. It decides how Envoy is
told, never what a proxy shall do.
"""

from collections.abc import Iterable, Mapping

from gatelab.proxy.model import ProxyConfig
from gatelab.proxy.resources.cluster import encode_backend
from gatelab.proxy.resources.encoded import (
    CLUSTER,
    ENDPOINTS,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_TABLE,
    SECRET,
    EncodedResource,
    Reference,
)
from gatelab.proxy.resources.endpoints import encode_endpoints
from gatelab.proxy.resources.listener import encode_listener
from gatelab.proxy.resources.route_table import encode_route_table
from gatelab.proxy.resources.secret import encode_certificate

__all__ = [
    "CLUSTER",
    "ENDPOINTS",
    "LISTENER",
    "RESOURCE_TYPES",
    "ROUTE_TABLE",
    "SECRET",
    "EncodedResource",
    "Reference",
    "Resources",
    "encode",
    "encode_endpoints",
]

Resources = Mapping[str, Mapping[str, EncodedResource]]


def encode(config: ProxyConfig) -> Resources:
    """Every resource of the configuration but the endpoints, by type URL and name.

    Raises ValueError when a name is given twice within a type, or a route cannot be expressed.
    """
    return {
        LISTENER: _by_name(map(encode_listener, config.listeners)),
        ROUTE_TABLE: _by_name(map(encode_route_table, config.route_tables)),
        CLUSTER: _by_name(map(encode_backend, config.backends)),
        SECRET: _by_name(map(encode_certificate, config.certificates)),
    }


def _by_name(resources: Iterable[EncodedResource]) -> dict[str, EncodedResource]:
    named: dict[str, EncodedResource] = {}
    for resource in resources:
        if resource.name in named:
            raise ValueError(f"{RESOURCE_TYPES[resource.type_url]} {resource.name!r} is given twice")
        named[resource.name] = resource
    return named
