"""What to look at when a Gateway, and not the service behind it, has answered a call."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode

_NO_REFLECTION = "server does not support the reflection API"
_PLAINTEXT = "the server speaks plaintext on this port"
_TLS = ("it expects TLS on this port", "does the port expect TLS?")
_CUT_OFF = "error reading server preface: error reading from server"
_UPSTREAM: Final = "upstream connect error or disconnect/reset before headers"
_H2C: Final = (
    "the proxy speaks another HTTP to the pod than the pod does: a pod that speaks HTTP/2 without TLS wants "
    "`appProtocol: kubernetes.io/h2c` at its Service's port"
)
_PLAIN: Final = "the pod ended the proxy's connection: it may expect TLS, which a BackendTLSPolicy asks for"
_OF_UPSTREAMS: Final = (
    ("protocol error", _H2C),
    ("TLS_error", "the proxy and the pod do not agree about TLS: a BackendTLSPolicy says whom the proxy trusts"),
    ("connection termination", _PLAIN),
    ("connection", "the proxy reaches no pod: does one listen at the targetPort of its Service?"),
)
"""By what Envoy says after it, the first that fits; any Envoy, not only that of a lab."""
_CODES: Final = {"Unavailable": StatusCode.UNAVAILABLE, "Unimplemented": StatusCode.UNIMPLEMENTED}
_RPC_ERROR = re.compile(rf"rpc error: code = ({'|'.join(_CODES)}) desc = (.*)", re.DOTALL)
_NO_BACKEND = re.compile(r"^no backend of route (\w+)/([^/]+)/([^/]+)/\S* can be used$")


def hint(status: Status) -> str | None:
    """A sentence for the answers that an Envoy gives by itself, a lab's (`proxy.resources.route_table`) or another one;
    None for all others.
    """
    if status.code == StatusCode.UNIMPLEMENTED and status.details == "no route of this host matches":
        return (
            "the Gateway answered: no route has this hostname together with this service and method; "
            "`gatelab kubectl get grpcroutes,httproutes -A` lists hostnames, `gatelab status` what is not attached"
        )
    if status.code == StatusCode.UNIMPLEMENTED and not status.details:
        return (
            "no service says so without a word, and a proxy does: no route of it may have this authority together with "
            "this service and method"
        )
    if status.code != StatusCode.UNAVAILABLE:
        return None
    if status.details.startswith(_UPSTREAM):
        reason = status.details.removeprefix(_UPSTREAM)
        return next((words for said, words in _OF_UPSTREAMS if said in reason), None)
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


def hints_of(messages: Iterable[str]) -> Sequence[str]:
    """The same for errors in ghz's words, each sentence once."""
    found = (_RPC_ERROR.fullmatch(each) for each in messages)
    sentences = (hint(Status(_CODES[each[1]], each[2])) for each in found if each is not None)
    return [*dict.fromkeys(each for each in sentences if each is not None)]


def error_hint(error: Exception, *, tls: bool, certificate: bool) -> str | None:
    """What to do about a server that does not describe itself, has no TLS or nothing else, or ends the connection after
    the handshake; else None.

    TLS 1.3 says only then that a client certificate is missing (RFC 8446, section 4.4.2.4).
    """
    if tls and not certificate and _CUT_OFF in str(error):
        return "the server may want a client certificate: -cert and -key"
    if _NO_REFLECTION in str(error):
        return "pass the service's -proto (with -import-path) or -protoset"
    if _PLAINTEXT in str(error):
        return "-plaintext is for a server without TLS"
    if not tls and any(each in str(error) for each in _TLS):
        return "without -plaintext it is TLS; -insecure does not verify the certificate"
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
