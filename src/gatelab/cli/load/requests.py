"""The requests of a load run, from data, templates and metadata as ghz reads them."""

import base64
import binascii
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from gatelab.call.errors import DataError
from gatelab.call.messages import parse
from gatelab.call.schema import Method
from gatelab.cli.load.options import Options
from gatelab.cli.load.shape import Shape
from gatelab.cli.load.template import CallData, Template, TemplateError
from gatelab.grpc_wire.metadata import SET_BY_GRPC
from gatelab.load import Request, RequestError

Pairs = tuple[tuple[str, str | bytes], ...]


class Payload:
    """Elements of the data: one message each. An array has as many as it has members, anything else one.

    A unary call takes the element of its number, round robin; a client stream sends them all.
    """

    def __init__(self, method: Method, elements: Sequence[Template | bytes]) -> None:
        self._method = method
        self._elements = [self._settled(each) for each in elements]
        self._shapes = [
            Shape.of(method, element) if isinstance(element, Template) else None for element in self._elements
        ]

    @property
    def has_actions(self) -> bool:
        return any(isinstance(each, Template) for each in self._elements)

    @property
    def elements(self) -> Sequence[Template | bytes]:
        """Encoded messages, and templates for them."""
        return self._elements

    def __len__(self) -> int:
        return len(self._elements)

    def message(self, number: int, call: CallData) -> bytes:
        """The encoded message of element `number`, counted round and round. Raises DataError."""
        at = number % len(self._elements)
        element, shape = self._elements[at], self._shapes[at]
        if isinstance(element, bytes):
            return element
        filled = None if shape is None else shape.filled(call)
        return self._encoded(element.render(call)) if filled is None else filled

    def _settled(self, element: Template | bytes) -> Template | bytes:
        if isinstance(element, Template) and not element.has_actions:
            return self._encoded(element.render(CallData(0, "", {})))
        return element

    def _encoded(self, text: str) -> bytes:
        try:
            value = json.loads(text) if text.strip() else {}
        except json.JSONDecodeError as error:
            raise DataError(f"request data is not JSON: {error}: {text[:80]!r}") from error
        return parse(self._method, value).SerializeToString()


class Source:
    """A `RequestSource`. `metadata` is a template with actions; `count` messages go into each stream, 0: all once."""

    def __init__(
        self,
        method: Method,
        payload: Payload,
        metadata: Template | None,
        *,
        name: str | None,
        count: int,
        dynamic: bool,
    ) -> None:
        self._payload = payload
        self._metadata = metadata
        self.facts = _facts(method)
        self._prefix = f"{name}:" if name else ""
        self._client_streaming = method.client_streaming
        self._dynamic = dynamic
        self._count = count

    def __call__(self, number: int, caller: str) -> Request:
        call = CallData(number, self._prefix + caller, self.facts)
        try:
            metadata = None if self._metadata is None else metadata_pairs(self._metadata.render(call))
            if not self._client_streaming:
                return Request((self._payload.message(number, call),), metadata)
            if self._dynamic:
                return Request(_Regenerated(self._payload, call, self._count or len(self._payload)), metadata)
            messages = [self._payload.message(each, call) for each in range(len(self._payload))]
            return Request(tuple(itertools.islice(itertools.cycle(messages), self._count or len(messages))), metadata)
        except DataError as error:
            raise RequestError(str(error)) from error


class _Regenerated:
    """Messages of a stream, each rendered when its turn comes."""

    def __init__(self, payload: Payload, call: CallData, count: int) -> None:
        self._payload, self._call, self._count = payload, call, count

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._count):
            try:
                yield self._payload.message(number, self._call.again())
            except DataError as error:
                raise RequestError(str(error)) from error


def payload_of(options: Options, method: Method) -> Payload:
    """Raises DataError when the data cannot be read, or is not what the method takes."""
    if options.binary or options.binary_file:
        if options.stream_dynamic_messages:
            raise DataError("cannot use dynamic messages with binary data")
        data = sys.stdin.buffer.read() if options.binary else _read(options.binary_file or "", "--binary-file")
        return Payload(method, binary_messages(method, data))
    text = _text(options)
    payload = Payload(method, [_template(options, each) for each in _elements(text)])
    if options.stream_dynamic_messages and not payload.has_actions:
        raise DataError("--stream-dynamic-messages wants a template in the data: without one all messages are the same")
    return payload


def metadata_of(options: Options) -> Template | None:
    """The metadata, checked as it is for the first call. Raises DataError."""
    text = options.metadata
    if options.metadata_file:
        text = _read(options.metadata_file, "--metadata-file").decode("utf-8", "replace")
    return _template(options, text) if text and text.strip() else None


def metadata_pairs(text: str) -> Pairs:
    """Values of keys in `-bin` are base64, and what gRPC sets itself is left out, as in ghz. Raises DataError."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"--metadata is not JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise DataError('--metadata is a JSON object of strings, such as {"x-tag": "a"}')
    pairs = ((name.lower(), value) for name, value in values.items())
    return tuple((name, _value(name, value)) for name, value in pairs if name not in SET_BY_GRPC)


def _value(name: str, value: str) -> str | bytes:
    if not name.endswith("-bin"):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise DataError(f"metadata value of {name!r} is not base64: {error}") from error


def binary_messages(method: Method, data: bytes) -> list[bytes]:
    """Messages each after its length as a varint; or, where that does not work out, the data as one message."""
    found = _delimited(method, data)
    if found:
        return found
    if not _decodes(method, data):
        raise DataError(f"binary data is no {method.request.DESCRIPTOR.full_name}, nor several with their lengths")
    return [data]


def _delimited(method: Method, data: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(data):
        length = shift = 0
        while at < len(data):
            byte = data[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not byte & 0x80:
                break
        if at + length > len(data) or not _decodes(method, data[at : at + length]):
            return []
        found.append(data[at : at + length])
        at += length
    return found


def _decodes(method: Method, data: bytes) -> bool:
    try:
        method.request.FromString(data)
    except DecodeError:
        return False
    return True


def _text(options: Options) -> str:
    if options.data_file:
        return _read(options.data_file, "--data-file").decode("utf-8", "replace")
    return sys.stdin.read() if options.data == "@" else options.data or ""


def _elements(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return [text]
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"request data is not JSON: {error} (in an array, templates stand inside of strings)"
        ) from error
    if not values or not all(isinstance(value, dict) for value in values):
        raise DataError("data array must hold at least one message, and JSON objects only")
    return [json.dumps(value, ensure_ascii=False) for value in values]


def _template(options: Options, text: str) -> Template:
    if options.disable_template_data:
        return Template([text] if text else [])
    try:
        return Template.parse(text, functions=not options.disable_template_functions)
    except TemplateError as error:
        raise DataError(str(error)) from error


def _read(path: str, option: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"could not read {option} {path}: {error.strerror}") from error


def _facts(method: Method) -> dict[str, str]:
    facts: dict[str, Any] = {
        "FullyQualifiedName": method.full_name,
        "MethodName": method.name,
        "ServiceName": method.service.rpartition(".")[2],
        "InputName": method.request.DESCRIPTOR.name,
        "OutputName": method.response.DESCRIPTOR.name,
        "IsClientStreaming": str(method.client_streaming).lower(),
        "IsServerStreaming": str(method.server_streaming).lower(),
    }
    return facts
