"""The model as Envoy protobufs, one small file per Envoy type.

In: a `model.ProxyConfig`, or the endpoints of one backend. Out: `EncodedResource`s - name, version, bytes, and the
resources that each names. Equal input gives equal bytes, and the version is a hash of them. It decides how Envoy is
told, never what a proxy shall do.
"""

from gatelab.proxy.model import ProxyConfig
from gatelab.proxy.resources.encoded import (
    CLUSTER,
    ENDPOINTS,
    HOST,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_TABLE,
    SECRET,
    EncodedResource,
    Reference,
)
from gatelab.proxy.resources.encoder import Encoder, Resources
from gatelab.proxy.resources.endpoints import encode_endpoints
from gatelab.proxy.resources.many_hosts import MANY, others_of, scope_of, table_of

__all__ = [
    "CLUSTER",
    "ENDPOINTS",
    "HOST",
    "LISTENER",
    "MANY",
    "RESOURCE_TYPES",
    "ROUTE_TABLE",
    "SECRET",
    "EncodedResource",
    "Encoder",
    "Reference",
    "Resources",
    "encode",
    "encode_endpoints",
    "others_of",
    "scope_of",
    "table_of",
]


def encode(config: ProxyConfig) -> Resources:
    """Every resource of the configuration but the endpoints, by type URL and name.

    Raises ValueError when a name is given twice within a type, or a route cannot be expressed.
    """
    return Encoder().encode(config)
