"""What `gatelab call` does once its options are read."""

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import click

from gatelab.call.describe import described, members
from gatelab.call.errors import CallError
from gatelab.call.invoke import invoke
from gatelab.call.messages import requests
from gatelab.call.protoc import compile_protos, read_protosets
from gatelab.call.reflection import Reflection
from gatelab.call.schema import Schema
from gatelab.cli.call_hints import hint
from gatelab.cli.call_options import Options
from gatelab.cli.call_output import Printer
from gatelab.cli.exit_codes import STATUS_OFFSET
from gatelab.cli.targets import TlsOptions, authority_of, dial_failure, find, split_address
from gatelab.experiment.resolution import Place
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.metadata import Metadata


async def run(options: Options, subject: str | None) -> int:
    """The exit code."""
    try:
        if options.symbol == "list":
            return await _list(options, subject)
        if options.symbol == "describe":
            return await _describe(options, subject)
        return await _call(options)
    except CallError as error:
        click.echo(str(error), err=True)
    return 1


async def _call(options: Options) -> int:
    schema = _schema_from_files(options)
    metadata = (*_metadata(options.header), *_metadata(options.rpc_header), *_user_agent(options))
    async with _channel(options) as channel:
        try:
            schema = schema or await _reflection(options, channel).schema_of_method(options.symbol)
            method = schema.method(options.symbol)
            text = sys.stdin.read() if options.data == "@" else options.data or ""
            messages = requests(method, text, allow_unknown_fields=options.allow_unknown_fields)
            printer = Printer(method, verbose=options.verbose, emit_defaults=options.emit_defaults)
            printer.resolved(metadata)
            outcome = await invoke(channel, method, messages, printer, metadata=metadata, timeout_s=options.max_time)
        except (CallError, ValueError) as error:
            raise CallError(f'Error invoking method "{options.symbol}": {error}') from error
    printer.ended(outcome)
    if (sentence := hint(outcome.status)) is not None:
        click.echo(f"Hint: {sentence}", err=True)
    return STATUS_OFFSET + outcome.status.code if outcome.status.code else 0


async def _list(options: Options, service: str | None) -> int:
    schema = _schema_from_files(options)
    if schema is None:
        async with _channel(options) as channel:
            reflection = _reflection(options, channel)
            if service is None:
                with _failing("Failed to list services"):
                    return _print(await reflection.services(), "(No services)")
            with _failing(f'Failed to list methods for service "{service}"'):
                schema = await reflection.schema_of(service)
    if service is None:
        return _print(schema.services(), "(No services)")
    with _failing(f'Failed to list methods for service "{service}"'):
        return _print(members(schema.service(service)), "(No methods)")


async def _describe(options: Options, symbol: str | None) -> int:
    # Types are shown with a leading dot, so that is how they are pasted.
    asked = [symbol.removeprefix(".")] if symbol else None
    schema = _schema_from_files(options)
    if schema is not None:
        return _print([_described(schema, name) for name in asked or schema.services()], "(No services)")
    async with _channel(options) as channel:
        reflection = _reflection(options, channel)
        with _failing("Failed to list services"):
            names = asked or await reflection.services()
        texts = []
        for name in names:
            with _failing(f'Failed to resolve symbol "{name}"'):
                texts.append(described(await reflection.schema_of(name), name))
        return _print(texts, "(No services)")


def _described(schema: Schema, name: str) -> str:
    with _failing(f'Failed to resolve symbol "{name}"'):
        return described(schema, name)


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Puts what was wanted before why it cannot be had, as grpcurl does."""
    try:
        yield
    except CallError as error:
        raise CallError(f"{what}: {error}") from error


def _print(lines: Sequence[str], nothing: str) -> int:
    click.echo("\n".join(lines) or nothing)
    return 0


def _schema_from_files(options: Options) -> Schema | None:
    """None means: ask the server."""
    try:
        if options.proto:
            return Schema(compile_protos(options.proto, options.import_path))
        if options.protoset:
            return Schema(read_protosets(options.protoset))
    except CallError as error:
        raise CallError(f"Failed to process proto source files.: {error}") from error
    return None


def _reflection(options: Options, channel: Channel) -> Reflection:
    metadata = (*_metadata(options.header), *_metadata(options.reflect_header))
    return Reflection(channel, metadata=metadata, timeout_s=options.max_time or options.connect_timeout)


@asynccontextmanager
async def _channel(options: Options) -> AsyncIterator[Channel]:
    host, port = split_address(options.address)
    place = await find(host)
    if options.verbose and place.note:
        resolved = f"{host} was resolved to {place.address} " if place.address != host else ""
        click.echo(f"{resolved}{place.note}", err=True)
    channel = await _connect(options, place, port)
    try:
        yield channel
    finally:
        await channel.close()


async def _connect(options: Options, place: Place, port: int) -> Channel:
    """Raises CallError."""
    tls = TlsOptions(options.plaintext, options.insecure, options.cacert, options.cert, options.key).context(place)
    authority = authority_of(
        options.address, authority=options.authority, server_name=options.servername, plaintext=options.plaintext
    )
    try:
        return await Channel.connect(
            place.address,
            place.port(port),
            tls=tls,
            authority=authority,
            server_name=options.servername,
            timeout_s=options.connect_timeout,
            max_message_bytes=options.max_msg_sz,
        )
    except ConnectError as error:
        raise CallError(dial_failure(options.address, error, place)) from error


def _metadata(headers: Sequence[str]) -> Metadata:
    """`Name: value` each; names are lower-cased. Raises click.UsageError."""
    pairs = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not name.strip() or not colon:
            raise click.UsageError(f"{header!r} is not a header: write 'name: value'")
        pairs.append((name.strip().lower(), value.strip()))
    return pairs


def _user_agent(options: Options) -> Metadata:
    return [("user-agent", options.user_agent)] if options.user_agent else []
