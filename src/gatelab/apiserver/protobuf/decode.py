"""From `k8s\\0` and a `runtime.Unknown` to JSON data (`k8s.io/apimachinery/pkg/runtime/serializer/protobuf`)."""

import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from gatelab.apiserver.protobuf.wire import Value, fields, signed
from gatelab.kinds.errors import BadRequest, UnsupportedMedia
from gatelab.kinds.timestamps import to_rfc3339, to_rfc3339_micro

_MAGIC = b"k8s\x00"
_MODULES = {
    "v1": "core_v1",
    "apps/v1": "apps_v1",
    "discovery.k8s.io/v1": "discovery_v1",
    "autoscaling/v1": "autoscaling_v1",
    "autoscaling/v2": "autoscaling_v2",
    "coordination.k8s.io/v1": "coordination_v1",
    "rbac.authorization.k8s.io/v1": "rbac_v1",
    "policy/v1": "policy_v1",
    "networking.k8s.io/v1": "networking_v1",
    "admissionregistration.k8s.io/v1": "admissionregistration_v1",
}
_EVERYWHERE = frozenset({"DeleteOptions"})
"""Kinds of meta/v1, which clients send under any group."""


class _Field(NamedTuple):
    name: str
    type: str
    repeated: bool
    mapped: bool
    optional: bool


def decoded(data: bytes) -> dict[str, Any]:
    """The object. Raises BadRequest for what is no such message, UnsupportedMedia for kinds that have no such form."""
    if not data.startswith(_MAGIC):
        raise BadRequest("the object provided is unrecognized: it does not begin as Kubernetes' protobuf does")
    envelope = dict(fields(data[len(_MAGIC) :]))
    types = dict(fields(_bytes(envelope.get(1, b""))))
    api_version, kind = _text(types.get(1, b"")), _text(types.get(2, b""))
    module = "meta_v1" if kind in _EVERYWHERE else _MODULES.get(api_version, "")
    name = f"{module}.{kind}"
    if name not in _messages():
        raise UnsupportedMedia(f"{kind} in {api_version} is not read from protobuf: send application/json")
    return {"apiVersion": api_version, "kind": kind, **_message(name, _bytes(envelope.get(2, b"")))}


@cache
def _messages() -> Mapping[str, Mapping[int, _Field]]:
    data = resources.files("gatelab.apiserver.protobuf").joinpath("numbers.json").read_bytes()
    return {
        name: {int(number): _field(text) for number, text in numbers.items()}
        for name, numbers in msgspec.json.decode(data).items()
    }


def _field(text: str) -> _Field:
    name, _, type_ = text.partition(" ")
    plain = type_.lstrip("?[]{}")
    return _Field(name, plain, "[]" in type_, "{}" in type_, type_.startswith("?"))


def _message(name: str, data: bytes) -> dict[str, Any]:
    """A message; fields without a number of ours are skipped, as a newer client may have them."""
    known = _messages()[name]
    result: dict[str, Any] = {}
    for number, value in fields(data):
        field = known.get(number)
        if field is None:
            continue
        if not field.name:
            result |= _message(field.type, _bytes(value))
        elif field.mapped:
            entry = dict(fields(_bytes(value)))
            result.setdefault(field.name, {})[_text(entry.get(1, b""))] = _map_value(field.type, entry.get(2))
        elif field.repeated:
            result.setdefault(field.name, []).append(_value(field.type, value))
        else:
            decoded_value = _value(field.type, value)
            # What Go's JSON would leave out; a message is never left out.
            if decoded_value is not None and (decoded_value or not field.optional or isinstance(decoded_value, dict)):
                result[field.name] = decoded_value
    return result


def _map_value(type_: str, value: Value | None) -> Any:
    return "" if value is None else _value(type_, value)


def _value(type_: str, value: Value) -> Any:
    scalar = _SCALARS.get(type_)
    return scalar(value) if scalar else _message(type_, _bytes(value))


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise BadRequest("the object provided is unrecognized: a field is not of its type")
    return value


def _text(value: Value) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise BadRequest("the object provided is unrecognized: a string is not UTF-8") from None


def _number(value: Value) -> int:
    if not isinstance(value, int):
        raise BadRequest("the object provided is unrecognized: a field is not of its type")
    return signed(value)


def _float(value: Value) -> float:
    return float(struct.unpack("<d", _number(value).to_bytes(8, "little", signed=True))[0])


def _moment(value: Value) -> datetime | None:
    """`Time` and `MicroTime`: seconds and nanoseconds. The zero time is no time."""
    parts = dict(fields(_bytes(value)))
    seconds, nanos = _number(parts.get(1, 0)), _number(parts.get(2, 0))
    if not seconds and not nanos:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000)
    except (ValueError, OverflowError, OSError):
        raise BadRequest("the object provided is unrecognized: a time is out of range") from None


def _time(value: Value) -> str | None:
    moment = _moment(value)
    return None if moment is None else to_rfc3339(moment)


def _micro_time(value: Value) -> str | None:
    moment = _moment(value)
    return None if moment is None else to_rfc3339_micro(moment)


def _quantity(value: Value) -> str:
    return _text(dict(fields(_bytes(value))).get(1, b""))


def _int_or_string(value: Value) -> int | str:
    parts = dict(fields(_bytes(value)))
    return _text(parts.get(3, b"")) if _number(parts.get(1, 0)) else _number(parts.get(2, 0))


def _raw(value: Value) -> Any:
    raw = _bytes(dict(fields(_bytes(value))).get(1, b"{}"))
    try:
        return msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError):
        raise BadRequest("the object provided is unrecognized: a raw value is not JSON") from None


_SCALARS: Mapping[str, Callable[[Value], Any]] = {
    "string": _text,
    "int": _number,
    "bool": lambda value: bool(_number(value)),
    "float": _float,
    "bytes": lambda value: b64encode(_bytes(value)).decode(),
    "time": _time,
    "microtime": _micro_time,
    "quantity": _quantity,
    "intstr": _int_or_string,
    "raw": _raw,
}
