"""What a run and its workers say to each other over a socket: length-prefixed msgpack."""

import asyncio
import struct
from typing import Final

import msgspec

from gatelab.load.counting.part import Part, made, plain

_LENGTH: Final = struct.Struct("<I")


class Job(msgspec.Struct, tag=True):
    """To a worker, first: what to do, as `plan_data.encoded` has it. It connects and says Ready, or Failed."""

    plan: bytes


class Go(msgspec.Struct, tag=True):
    """To a worker: begin, at this moment of the monotonic clock, the warm-up or the measurement."""

    begin_ns: int
    warm_up: bool


class Stop(msgspec.Struct, tag=True):
    """To a worker: end the run now, and tell what there is."""


class Ready(msgspec.Struct, tag=True):
    """From a worker: every connection is open."""


class Failed(msgspec.Struct, tag=True):
    """From a worker: it cannot begin. `connecting`: no connection came about."""

    text: str
    connecting: bool


class Told(msgspec.Struct, tag=True):
    """From a worker: its part, each second and at the end of a phase (`part.end`)."""

    part: Part


Order = Job | Go | Stop
Answer = Ready | Failed | Told
_ORDERS: Final = msgspec.msgpack.Decoder(Order)
_ANSWERS: Final = msgspec.msgpack.Decoder(Answer, dec_hook=made)
_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=plain)


def framed(message: Order | Answer) -> bytes:
    """The message with its length before it."""
    data = _ENCODER.encode(message)
    return _LENGTH.pack(len(data)) + data


async def next_order(reader: asyncio.StreamReader) -> Order | None:
    """None when the other side is gone."""
    data = await _next(reader)
    return None if data is None else _ORDERS.decode(data)


async def next_answer(reader: asyncio.StreamReader) -> Answer | None:
    """None when the other side is gone."""
    data = await _next(reader)
    return None if data is None else _ANSWERS.decode(data)


async def _next(reader: asyncio.StreamReader) -> bytes | None:
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
