"""Length-prefixed messages: the body of a gRPC call (doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message")."""

import struct
from typing import Final

from gatelab.grpc_wire.errors import MessageError
from gatelab.grpc_wire.status import StatusCode

DEFAULT_MAX_MESSAGE_BYTES: Final = 4 << 20

_PREFIX = struct.Struct(">BI")


def framed(message: bytes) -> bytes:
    """One uncompressed message with its five-byte prefix."""
    return _PREFIX.pack(0, len(message)) + message


def framed_gzip(message: bytes) -> bytes:
    """One message compressed with gzip, for streams whose grpc-encoding says so."""
    import gzip  # only compressed streams pay for it

    packed = gzip.compress(message, mtime=0)
    return _PREFIX.pack(1, len(packed)) + packed


def whole_message(data: bytes, max_bytes: int) -> bool:
    """Whether `data` is exactly one uncompressed message, not too long: what most DATA frames are."""
    size = len(data) - 5
    return 0 <= size <= max_bytes and _PREFIX.unpack_from(data) == (0, size)


class MessageReader:
    """Cuts a stream's bytes into messages.

    `encoding` is the peer's grpc-encoding; of compressions only gzip is read. A message longer than `max_bytes`,
    compressed or not, is RESOURCE_EXHAUSTED, as in grpc-go.
    """

    __slots__ = ("_buffer", "_max_bytes", "encoding")

    def __init__(self, max_bytes: int = DEFAULT_MAX_MESSAGE_BYTES) -> None:
        self.encoding = "identity"
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes.

        Raises:
            MessageError: a message is too long, or compressed in a way that was not announced or is not known.
        """
        if not self._buffer and whole_message(data, self._max_bytes):
            return [data[5:]]
        self._buffer += data
        return self._cut()

    def finish(self) -> None:
        """Says that no more bytes come.

        Raises:
            MessageError: the stream ended inside a message.
        """
        if self._buffer:
            raise MessageError(StatusCode.INTERNAL, "the stream ended inside a message (unexpected EOF)")

    def _cut(self) -> list[bytes]:
        messages: list[bytes] = []
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 5:
            flag, length = _PREFIX.unpack_from(buffer, at)
            self._check_length(length)
            if len(buffer) - at - 5 < length:
                break
            payload = bytes(buffer[at + 5 : at + 5 + length])
            messages.append(self._inflated(payload) if flag else payload)
            at += 5 + length
        del buffer[:at]
        return messages

    def _check_length(self, length: int) -> None:
        if length > self._max_bytes:
            raise MessageError(
                StatusCode.RESOURCE_EXHAUSTED, f"received message larger than max ({length} vs. {self._max_bytes})"
            )

    def _inflated(self, payload: bytes) -> bytes:
        if self.encoding != "gzip":
            raise MessageError(
                StatusCode.UNIMPLEMENTED, f"message compressed with grpc-encoding {self.encoding!r}; gzip is understood"
            )
        import zlib  # only compressed streams pay for it

        inflater = zlib.decompressobj(wbits=31)
        try:
            message = inflater.decompress(payload, self._max_bytes + 1)
        except zlib.error as error:
            raise MessageError(StatusCode.INTERNAL, f"message is not gzip: {error}") from error
        self._check_length(len(message))
        return message
