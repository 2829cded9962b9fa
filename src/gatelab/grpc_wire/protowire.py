"""The protobuf wire format, as far as health, reflection and small backends need it (protobuf.dev, "Encoding").

Importing the protobuf library costs a backend more than all of its own code; callers with real schemas use that.
"""

Field = int | bytes

_SINGLE = tuple(bytes((byte,)) for byte in range(0x80))


def varint(value: int) -> bytes:
    """A varint; negative numbers as their 64-bit two's complement, as int32 and int64 are encoded."""
    if 0 <= value < 0x80:
        return _SINGLE[value]
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(tag: int, value: int) -> bytes:
    """An integer, enum or bool field; nothing for 0, the default."""
    return varint(tag << 3) + varint(value) if value else b""


def chunk(tag: int, value: bytes | str) -> bytes:
    """A string, bytes or message field, empty ones too."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(tag << 3 | 2) + varint(len(raw)) + raw


def fields(data: bytes) -> list[tuple[int, Field]]:
    """(field number, value) in order: integers for varints, bytes for everything else.

    Raises:
        ValueError: the bytes are not a protobuf message.
    """
    found: list[tuple[int, Field]] = []
    at, end = 0, len(data)
    while at < end:
        # One byte is what keys and lengths nearly always are, and worth not calling for.
        if (key := data[at]) < 0x80:
            at += 1
        else:
            key, at = _varint(data, at)
        tag, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, at = _varint(data, at)
            found.append((tag, value))
            continue
        if wire_type == 2:
            length, at = _varint(data, at)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"field {tag} has wire type {wire_type}, which proto3 does not use")
        if tag == 0 or at + length > end:
            raise ValueError(f"field {tag} is {length} bytes long, but {end - at} are left")
        found.append((tag, data[at : at + length]))
        at += length
    return found


def text(value: Field | None) -> str:
    """A string field's value; the empty string when it was absent.

    Raises:
        ValueError: not a string field, or not UTF-8.
    """
    if value is None:
        return ""
    if isinstance(value, int):
        raise ValueError("a string field carries a number")
    return value.decode()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    if at < len(data) and (byte := data[at]) < 0x80:
        return byte, at + 1
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise ValueError("the message ends inside a varint")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise ValueError("a varint is longer than ten bytes")
