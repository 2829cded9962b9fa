"""The wire format of protobuf: tags and values, without types."""

from collections.abc import Iterator

from gatelab.kinds.errors import BadRequest

Value = int | bytes


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field: an integer for varints and fixed sizes, bytes for the rest. Raises BadRequest."""
    position = 0
    while position < len(data):
        tag, position = varint(data, position)
        kind = tag & 7
        value: Value
        if kind == 0:
            value, position = varint(data, position)
        elif kind == 2:
            size, position = varint(data, position)
            value, position = _take(data, position, size)
        elif kind in (1, 5):
            raw, position = _take(data, position, 8 if kind == 1 else 4)
            value = int.from_bytes(raw, "little")
        else:
            raise _broken(f"wire type {kind}")
        yield tag >> 3, value


def varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at the position, and the position behind it. Raises BadRequest."""
    result = shift = 0
    while shift < 64 and position < len(data):
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
    raise _broken("a number does not end")


def signed(value: int) -> int:
    """A varint as the int32 or int64 that it stands for."""
    return value - 2**64 if value >= 2**63 else value


def _take(data: bytes, position: int, size: int) -> tuple[bytes, int]:
    if position + size > len(data):
        raise _broken("a field is longer than the message")
    return data[position : position + size], position + size


def _broken(why: str) -> BadRequest:
    return BadRequest(f"the object provided is unrecognized: no protobuf message ({why})")
