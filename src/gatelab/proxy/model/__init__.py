"""What a proxy shall do: listeners, route tables, backends, endpoints, certificates. Frozen, compared by value.

The words are the proxy's (listener, host, route, backend), never Kubernetes' and never protobuf's. Everything that has
an order carries it as a tuple in the order of evaluation; names are unique within their type and stable from one
configuration to the next, because what is delivered, accepted or rejected is tracked by name.
"""

from gatelab.proxy.model.acceptance import (
    Acceptance,
    ResourceType,
)
from gatelab.proxy.model.backend_policy import (
    NO_POLICY,
    BackendPolicy,
    Balance,
    CircuitBreakers,
    GrpcCode,
    GrpcHealthCheck,
    GrpcRetry,
    OutlierDetection,
)
from gatelab.proxy.model.backends import (
    Backend,
    Endpoint,
    Endpoints,
)
from gatelab.proxy.model.config import (
    ProxyConfig,
)
from gatelab.proxy.model.forwarding import (
    Forward,
    Mirror,
    Redirect,
    Retry,
    Session,
    WeightedBackend,
)
from gatelab.proxy.model.listeners import (
    AccessLog,
    Chain,
    HttpChain,
    Listener,
    TcpChain,
    UdpChain,
)
from gatelab.proxy.model.requests import (
    NO_CHANGES,
    HeaderChanges,
    HeaderMatch,
    PathChange,
    PathMatch,
    QueryMatch,
    RouteMatch,
)
from gatelab.proxy.model.routes import (
    Cors,
    Route,
    RouteTable,
    VirtualHost,
)
from gatelab.proxy.model.tls import (
    Authorities,
    Certificate,
    ClientValidation,
    SubjectName,
    TlsTermination,
    UpstreamTls,
)

__all__ = [
    "NO_CHANGES",
    "NO_POLICY",
    "Acceptance",
    "AccessLog",
    "Authorities",
    "Backend",
    "BackendPolicy",
    "Balance",
    "Certificate",
    "Chain",
    "CircuitBreakers",
    "ClientValidation",
    "Cors",
    "Endpoint",
    "Endpoints",
    "Forward",
    "GrpcCode",
    "GrpcHealthCheck",
    "GrpcRetry",
    "HeaderChanges",
    "HeaderMatch",
    "HttpChain",
    "Listener",
    "Mirror",
    "OutlierDetection",
    "PathChange",
    "PathMatch",
    "ProxyConfig",
    "QueryMatch",
    "Redirect",
    "ResourceType",
    "Retry",
    "Route",
    "RouteMatch",
    "RouteTable",
    "Session",
    "SubjectName",
    "TcpChain",
    "TlsTermination",
    "UdpChain",
    "UpstreamTls",
    "VirtualHost",
    "WeightedBackend",
]
