"""What `gatelab call` prints, block by block as grpcurl does."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import click
from google.protobuf.message import DecodeError, Message

from gatelab.call.errors import CallError
from gatelab.call.invoke import Outcome
from gatelab.call.json_text import to_json
from gatelab.call.schema import Method, Schema
from gatelab.call.sources import Source, learn
from gatelab.cli.call.options import Options
from gatelab.grpc_wire.metadata import Metadata
from gatelab.grpc_wire.status import display_name

_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Style:
    """How messages, and what is around them, are shown."""

    format_: Literal["json", "text"] = "json"
    emit_defaults: bool = False
    format_error: bool = False
    verbosity: int = 0

    @classmethod
    def of(cls, options: Options) -> "Style":
        verbosity = 2 if options.very_verbose else 1 if options.verbose else 0
        return cls(options.format_, options.emit_defaults, options.format_error, verbosity)


class Printer:
    """The listener of a call: messages on stdout, and when verbose everything around them."""

    def __init__(self, method: Method, schema: Schema, source: Source, style: Style) -> None:
        self._method = method
        self._schema = schema
        self._source = source
        self._style = style
        self._shown = 0

    def resolved(self, metadata: Metadata) -> None:
        if self._style.verbosity:
            click.echo(f"\nResolved method descriptor:\n{self._described()}")
            click.echo(f"\nRequest metadata to send:\n{metadata_text(metadata)}")

    def headers(self, metadata: Metadata) -> None:
        if self._style.verbosity:
            click.echo(f"\nResponse headers received:\n{metadata_text(metadata)}")

    async def message(self, message: Message, size: int) -> None:
        if self._style.verbosity > 1:
            click.echo(f"\nEstimated response size: {size} bytes")
        if self._style.verbosity:
            click.echo("\nResponse contents:")
        click.echo(await self._text(message))

    async def ended(self, outcome: Outcome) -> None:
        if self._style.verbosity:
            click.echo(f"\nResponse trailers received:\n{metadata_text(outcome.trailers)}")
            click.echo(
                f"Sent {_counted(outcome.sent, 'request')} and received {_counted(outcome.received, 'response')}"
            )
        if outcome.status.code and self._style.format_error:
            click.echo(await self._text(_as_message(outcome)), err=True, nl=False)
        elif outcome.status.code:
            click.echo("\n".join([line async for line in self._status_lines(outcome)]), err=True)

    async def _status_lines(self, outcome: Outcome) -> Any:
        yield "ERROR:"
        yield f"  Code: {display_name(outcome.status.code)}"
        yield f"  Message: {outcome.status.details}"
        for number, detail in enumerate(_as_message(outcome).details, 1):
            if number == 1:
                yield "  Details:"
            prefix = f"  {number})"
            first, *rest = (await self._text(detail)).split("\n")
            yield f"{prefix}\t{first}"
            for line in rest:
                yield f"{' ' * len(prefix)}\t{line}"

    async def _text(self, message: Message) -> str:
        try:
            return await self._formatted(message)
        except RecursionError as error:
            raise CallError("the message is nested too deeply to be shown") from error

    async def _formatted(self, message: Message) -> str:
        from gatelab.call.text_format import SEPARATOR, to_text

        await learn(self._source, self._schema, message)
        separator = SEPARATOR if self._style.format_ == "text" and not self._style.verbosity and self._shown else ""
        self._shown += 1
        if self._style.format_ == "text":
            return separator + to_text(message)
        return to_json(message, self._schema.pool, emit_defaults=self._style.emit_defaults)

    def _described(self) -> str:
        from gatelab.call.proto_text import ProtoText

        return ProtoText(self._schema.pool).of(self._schema.element(self._method.full_name))


def metadata_text(metadata: Metadata) -> str:
    """A line a value, sorted by key; binary values in base64."""
    lines = [
        f"{key}: {base64.b64encode(value).decode() if isinstance(value, bytes) else value}"
        for key, value in sorted(metadata, key=lambda pair: pair[0])
    ]
    return "\n".join(lines) or "(empty)"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _as_message(outcome: Outcome) -> Any:
    """google.rpc.Status: what the trailers hold, else what code and text say."""
    from google.rpc.status_pb2 import Status

    status = Status(code=outcome.status.code, message=outcome.status.details)
    for encoded in _encoded_details(outcome.trailers):
        try:
            status.details.extend(Status.FromString(encoded).details)
        except DecodeError:
            click.echo(f"Warning: {_DETAILS} is not a google.rpc.Status", err=True)
    return status


def _encoded_details(trailers: Metadata) -> Iterator[bytes]:
    for key, value in trailers:
        if key == _DETAILS and isinstance(value, bytes):
            yield value
            return
