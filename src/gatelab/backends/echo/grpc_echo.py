"""GrpcEcho of the conformance tests: a call is answered with what is known of it."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from gatelab.backends.echo.settings import Pod
from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.protowire import chunk, fields
from gatelab.grpc_wire.server_session import Handler, ServerCall, answer_block, unary
from gatelab.grpc_wire.status import StatusCode

if TYPE_CHECKING:
    from gatelab.backends.echo.tls import TlsFacts

SERVICE: Final = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"

_OF_THE_CALL: Final = frozenset(
    {b"te", b"grpc-encoding", b"grpc-message", b"grpc-message-type", b"grpc-status", b"grpc-timeout"}
)
"""grpc-go does not show these to its handlers."""
_ANSWER: Final = answer_block()


def handlers(pod: Pod, tls: "Callable[[], TlsFacts | None]") -> dict[bytes, Handler]:
    """Echo and EchoTwo on a connection with these facts; EchoThree is not there, which makes it UNIMPLEMENTED."""
    methods = ("Echo", "EchoTwo")
    return {f"/{SERVICE}/{name}".encode(): unary(partial(_echo, f"/{SERVICE}/{name}", pod, tls)) for name in methods}


def _echo(method: str, pod: Pod, tls: "Callable[[], TlsFacts | None]", call: ServerCall, message: bytes) -> None:
    try:
        fields(message)
    except ValueError as error:
        call.finish(StatusCode.INTERNAL, f"EchoRequest: {error}")
        return
    agreed = tls()
    sys.stdout.write(f"Received over {'plaintext' if agreed is None else 'TLS'}: {method}\n")
    sys.stdout.flush()
    call.reply(framed(chunk(1, assertions(method, call.block, pod, agreed))), _ANSWER)


def assertions(method: str, block: HeaderBlock, pod: Pod, tls: "TlsFacts | None") -> bytes:
    """The Assertions about a call."""
    shown = [(name, value) for name, value in block if name == b":authority" or _is_metadata(name)]
    parts = [
        chunk(1, method),
        *(chunk(2, chunk(1, name) + chunk(2, _text(value))) for name, value in shown),
        *(chunk(3, _text(value)) for name, value in shown if name == b":authority"),
        chunk(4, _strings(enumerate(pod, 1))),
    ]
    if tls is not None:
        named = ((1, tls.version), (2, tls.negotiated_protocol), (3, tls.server_name), (4, tls.cipher_suite))
        parts.append(chunk(5, _strings((*named, *((5, pem) for pem in tls.peer_certificates)))))
    return b"".join(parts)


def _strings(values: Iterable[tuple[int, str]]) -> bytes:
    return b"".join(chunk(tag, value) for tag, value in values if value)


def _is_metadata(name: bytes) -> bool:
    return not name.startswith(b":") and name not in _OF_THE_CALL


def _text(value: bytes) -> str:
    """A proto3 string is UTF-8, which a header need not be."""
    return value.decode("utf-8", "replace")
