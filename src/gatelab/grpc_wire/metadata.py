"""Metadata and the fields of gRPC's header blocks (doc/PROTOCOL-HTTP2.md, "Requests" and "Responses")."""

import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Final

from gatelab.grpc_wire.http2 import HeaderBlock

Value = str | bytes
Metadata = Sequence[tuple[str, Value]]

_KEY = re.compile(r"[0-9a-z_.-]+")
_RESERVED: Final = frozenset({"te", "content-type", "content-length", "connection", "host", "transfer-encoding"})
SET_BY_GRPC: Final = frozenset(
    {"content-type", "te", *(f"grpc-{each}" for each in ("encoding", "message", "message-type", "status", "timeout"))}
)
"""What grpc-go, hence grpcurl and ghz, leaves out of users' metadata without a word."""
_AGENT: Final = b"user-agent"
_HIDDEN: Final = frozenset({b"grpc-status", b"grpc-message"})
_UNITS: Final = ((1e-9, b"n"), (1e-6, b"u"), (1e-3, b"m"), (1.0, b"S"), (60.0, b"M"), (3600.0, b"H"))
_UNIT_SECONDS: Final = {unit: seconds for seconds, unit in _UNITS}


def encoded_metadata(metadata: Iterable[tuple[str, Value]]) -> HeaderBlock:
    """User metadata as header fields; `-bin` values are base64.

    Raises:
        ValueError: a key or a value that HTTP/2 cannot carry, or a key that belongs to gRPC. The text names it.
    """
    return tuple(_encoded(key.lower(), value) for key, value in metadata)


def _encoded(key: str, value: Value) -> tuple[bytes, bytes]:
    if not _KEY.fullmatch(key) or key in _RESERVED or (key.startswith("grpc-") and not key.endswith("-bin")):
        raise ValueError(f"metadata key {key!r} is not allowed: use 0-9 a-z _ . - and no name reserved by gRPC")
    name = key.encode("ascii")
    if key.endswith("-bin"):
        raw = value.encode() if isinstance(value, str) else value
        return name, binascii.b2a_base64(raw, newline=False).rstrip(b"=")
    text = value if isinstance(value, str) else value.decode("latin-1")
    if not all(" " <= character <= "~" for character in text):
        raise ValueError(f"metadata value of {key!r} is not printable ASCII: use a key ending in -bin for other bytes")
    return name, text.strip(" ").encode("ascii")


def decoded_metadata(block: HeaderBlock) -> tuple[tuple[str, Value], ...]:
    """A header block as metadata: without pseudo-headers, grpc-status and grpc-message; `-bin` values as bytes."""
    found: list[tuple[str, Value]] = []
    for name, value in block:
        if name.startswith(b":") or name in _HIDDEN:
            continue
        key = name.decode("latin-1")
        if key.endswith("-bin"):
            found.extend((key, _unbase64(part)) for part in value.split(b","))
        else:
            found.append((key, value.decode("latin-1")))
    return tuple(found)


def _unbase64(value: bytes) -> bytes:
    try:
        return binascii.a2b_base64(value + b"=" * (-len(value) % 4))
    except binascii.Error:
        return value  # a peer's mistake in a field that we only pass on


def percent_encoded(text: str) -> bytes:
    """`grpc-message` on the wire: UTF-8, all but printable ASCII and `%` itself escaped."""
    return b"".join(
        b"%c" % byte if 0x20 <= byte <= 0x7E and byte != 0x25 else b"%%%02X" % byte for byte in text.encode()
    )


def percent_decoded(value: bytes) -> str:
    """The text of a `grpc-message`; broken escapes are kept as they are, never an error."""
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes((int(match[1], 16),)), value)
    return raw.decode("utf-8", "replace")


def encoded_timeout(timeout_s: float) -> bytes:
    """A `grpc-timeout`: at most eight digits, in the finest unit that holds it, rounded up to at least 1."""
    for seconds, unit in _UNITS:
        count = max(1, -int(-timeout_s / seconds // 1))
        if count <= 99_999_999:
            return b"%d%s" % (count, unit)
    return b"99999999H"


def decoded_timeout(value: bytes) -> float | None:
    """Seconds of a `grpc-timeout`; None when it is malformed."""
    digits, unit = value[:-1], value[-1:]
    if unit not in _UNIT_SECONDS or not digits.isdigit() or len(digits) > 8:
        return None
    return int(digits) * _UNIT_SECONDS[unit]


def request_block(*, path: str, authority: str, scheme: str, metadata: HeaderBlock = ()) -> HeaderBlock:
    """The header block of a call, `grpc-timeout` excepted; the same block serves any number of calls.

    A user agent of the caller's goes before ours, in one field (gRPC doc/PROTOCOL-HTTP2.md, "User Agents").
    """
    agents = [value for name, value in metadata if name == _AGENT]
    return (
        (b":method", b"POST"),
        (b":scheme", scheme.encode("ascii")),
        (b":path", path.encode("ascii")),
        (b":authority", authority.encode("idna" if not authority.isascii() else "ascii")),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        (_AGENT, b" ".join((*agents, b"grpc-gatelab/1"))),
        (b"grpc-accept-encoding", b"identity,gzip"),
        *((name, value) for name, value in metadata if name != _AGENT),
    )
