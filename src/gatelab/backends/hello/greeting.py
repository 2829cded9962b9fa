"""What greetings.GreetMe/Send reads and writes."""

from typing import NamedTuple

from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.protowire import chunk, fields, text


class GreetRequest(NamedTuple):
    """What is used of a GreetRequest: its `count` is without effect, as in the original."""

    name: str = ""
    delay_ms: int = 0


def decoded(message: bytes) -> GreetRequest:
    """The request; unknown fields are skipped, of repeated ones the last counts.

    Raises:
        ValueError: not a GreetRequest; the text says why.
    """
    found = dict(fields(message))
    return GreetRequest(text(found.get(1)), _uint32(found.get(3), "delay_ms"))


def greeting(name: str) -> bytes:
    """The framed GreetResponse."""
    return framed(chunk(1, b"Hello %b!" % name.encode()))


def _uint32(value: int | bytes | None, name: str) -> int:
    if value is None:
        return 0
    if isinstance(value, bytes):
        raise ValueError(f"{name} is not a number")
    return value & 0xFFFF_FFFF
