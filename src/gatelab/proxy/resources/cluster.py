"""Backends: Cluster."""

import functools
from collections.abc import Iterator
from typing import Literal

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.wrappers_pb2 import UInt32Value

from gatelab.proxy.model import Backend, BackendPolicy
from gatelab.proxy.resources.backend_policy import apply_policy, hash_policies
from gatelab.proxy.resources.encoded import ENDPOINTS, SECRET, EncodedResource, Reference, encoded, packed
from gatelab.proxy.resources.sources import duration, over_ads
from gatelab.proxy.resources.tls import upstream_transport

UNSERVABLE = "gatelab.unservable"
"""A cluster that never exists. What is sent to it is answered with the `failure_status` of the route; a connection is
closed, a datagram dropped.
"""
AS_MANY_STREAMS_AS_THE_BACKEND_ALLOWS = 2**31 - 1

_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_ALPN = {"tcp": "", "http1": "http/1.1", "http2": "h2"}


def encode_backend(backend: Backend) -> EncodedResource:
    """A cluster whose endpoints travel separately, under the backend's name.

    An endpoint that goes takes nothing with it: its connections finish their requests and then close.
    """
    cluster = Cluster(
        name=backend.name,
        type=Cluster.EDS,
        eds_cluster_config=Cluster.EdsClusterConfig(eds_config=over_ads()),
        connect_timeout=duration(backend.connect_timeout_s),
        ignore_health_on_host_removal=True,
        close_connections_on_host_health_failure=False,
    )
    apply_policy(cluster, backend.policy)
    if backend.protocol in ("http1", "http2"):
        options = _http_options(backend.protocol, backend.policy)
        cluster.typed_extension_protocol_options[_PROTOCOL_OPTIONS].CopyFrom(options)
    if backend.tls is not None:
        cluster.transport_socket.CopyFrom(upstream_transport(backend.tls, _ALPN[backend.protocol]))
    return encoded(backend.name, cluster, needs=_needs(backend))


def _needs(backend: Backend) -> Iterator[Reference]:
    yield ENDPOINTS, backend.name
    if backend.tls is not None:
        yield SECRET, backend.tls.authorities
        if backend.tls.certificate:
            yield SECRET, backend.tls.certificate


@functools.cache
def _http_options(protocol: Literal["http1", "http2"], policy: BackendPolicy) -> AnyMessage:
    if protocol == "http1":
        explicit = HttpProtocolOptions.ExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    else:
        streams = UInt32Value(value=AS_MANY_STREAMS_AS_THE_BACKEND_ALLOWS)
        http2 = Http2ProtocolOptions(max_concurrent_streams=streams)
        explicit = HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=http2)
    return packed(HttpProtocolOptions(explicit_http_config=explicit, hash_policy=hash_policies(policy)))
