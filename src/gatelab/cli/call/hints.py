"""What to look at when a Gateway, and not the service behind it, has answered a call."""

import re

from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode

_NO_REFLECTION = "server does not support the reflection API"
_PLAINTEXT = "the server speaks plaintext on this port"
_TLS = ("it expects TLS on this port", "does the port expect TLS?")
_CUT_OFF = "error reading server preface: error reading from server"
_NO_BACKEND = re.compile(r"^no backend of route (\w+)/([^/]+)/([^/]+)/\S* can be used$")


def hint(status: Status) -> str | None:
    """A sentence for the answers that Envoy gives by itself (`proxy.resources.route_table`), None for all others."""
    if status.code == StatusCode.UNIMPLEMENTED and status.details == "no route of this host matches":
        return (
            "the Gateway answered: no route has this hostname together with this service and method; "
            "`gatelab kubectl get grpcroutes,httproutes -A` lists hostnames, `gatelab status` what is not attached"
        )
    if status.code != StatusCode.UNAVAILABLE:
        return None
    if (found := _NO_BACKEND.match(status.details)) is not None:
        kind, namespace, name = found.groups()
        command = f"gatelab kubectl -n {namespace} describe {kind.lower()} {name}"
        return f"the Gateway answered: ResolvedRefs in the route's status says why; `{command}`"
    if status.details.startswith("no healthy upstream"):
        return (
            "the Gateway answered: the Service behind the route has no ready pod; "
            "`gatelab kubectl get endpointslices,pods -A` shows those there are, `gatelab status` what they wait for"
        )
    return None


def error_hint(error: Exception, *, tls: bool, certificate: bool) -> str | None:
    """What to do about a server that does not describe itself, or ends the connection after the handshake; else None.

    TLS 1.3 says only then that a client certificate is missing (RFC 8446, section 4.4.2.4).
    """
    if tls and not certificate and _CUT_OFF in str(error):
        return "the server may want a client certificate: -cert and -key"
    if _NO_REFLECTION in str(error):
        return "pass the service's -proto (with -import-path) or -protoset"
    return None


def load_hint(error: Exception, *, tls: bool, certificate: bool) -> str | None:
    """The same for `gatelab load`, and what to do about plaintext where TLS is and the reverse.

    Its options are ghz's, to whom `--insecure` means another thing than to grpcurl.
    """
    said = str(error)
    if tls and not certificate and _CUT_OFF in said:
        return "the server may want a client certificate: --cert and --key"
    if _NO_REFLECTION in said:
        return "pass the service's --proto (with --import-paths) or --protoset"
    if _PLAINTEXT in said:
        return "--insecure is plaintext"
    if not tls and any(each in said for each in _TLS):
        return "--insecure is plaintext, as in ghz: leave it out for TLS; TLS without verification is --skipTLS"
    return None
