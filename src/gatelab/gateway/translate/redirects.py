"""Redirects: the port that a Location names (HTTPRoute API, `HTTPRequestRedirectFilter.port`).

"If no port is specified, the redirect port MUST be derived using the following rules: if redirect scheme is not-empty,
the redirect port MUST be the well-known port associated with the redirect scheme; if redirect scheme is empty, the
redirect port MUST be the Gateway Listener port." Well-known ports are not written. Where a lab may not bind a port
below 1024 its clients know that of another number, and so does a Location that leads back to the Gateway.
"""

from dataclasses import dataclass, replace

from gatelab.gateway.translate.bound_ports import bound_port
from gatelab.gateway.translate.hostnames import EVERY
from gatelab.proxy.model import GrpcRetry, Redirect

_WELL_KNOWN = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where requests come in: the scheme and the port of a listener; what its Gateway does about failed gRPC calls.

    Clients know a port below 1024 by the number that is `shift` further on.
    """

    scheme: str = "http"
    port: int = 80
    grpc_retry: GrpcRetry | None = None
    shift: int = 0


HTTP = Entrance()


def located(redirect: Redirect, entrance: Entrance, domain: str = EVERY) -> Redirect:
    """The redirect with its port, None where it need not be written. `domain` is the hostname that is asked for."""
    scheme = redirect.scheme or entrance.scheme
    port = redirect.port
    if port is None:
        port = _WELL_KNOWN[scheme] if redirect.scheme else entrance.port
    leads_back = not redirect.host
    if leads_back or (redirect.port is None and not redirect.scheme):
        port = bound_port(port, entrance.shift)
    if port != _WELL_KNOWN[scheme]:
        return replace(redirect, port=port)
    # A client that had to name a port has it in its Host header, from where it would be taken over.
    is_named = leads_back and bound_port(entrance.port, entrance.shift) != _WELL_KNOWN[entrance.scheme]
    if not is_named:
        return replace(redirect, port=None)
    # Of a wildcard only the header says which host it was.
    return replace(redirect, port=port) if domain.startswith("*") else replace(redirect, host=domain, port=None)
