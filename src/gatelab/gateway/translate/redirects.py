"""Redirects: the port that a Location names (HTTPRoute API, `HTTPRequestRedirectFilter.port`).

"If no port is specified, the redirect port MUST be derived using the following rules: if redirect scheme is not-empty,
the redirect port MUST be the well-known port associated with the redirect scheme; if redirect scheme is empty, the
redirect port MUST be the Gateway Listener port." Well-known ports are not written.
"""

from dataclasses import dataclass, replace

from gatelab.proxy.backend_policy import GrpcRetry
from gatelab.proxy.model import Redirect

_WELL_KNOWN = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where requests come in: the scheme and the port of a listener; what its Gateway does about failed gRPC calls."""

    scheme: str = "http"
    port: int = 80
    grpc_retry: GrpcRetry | None = None


HTTP = Entrance()


def located(redirect: Redirect, entrance: Entrance) -> Redirect:
    """The redirect with its port, None where it need not be written."""
    scheme = redirect.scheme or entrance.scheme
    port = redirect.port
    if port is None:
        port = _WELL_KNOWN[scheme] if redirect.scheme else entrance.port
    # A client that had to name a port has it in its Host header, from where it would be taken over.
    is_named = entrance.port != _WELL_KNOWN[entrance.scheme] and not redirect.host
    return replace(redirect, port=None if port == _WELL_KNOWN[scheme] and not is_named else port)
