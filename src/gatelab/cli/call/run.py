"""What `gatelab call` does once its options are read."""

from collections.abc import AsyncIterable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import click
from google.protobuf.message import Message

from gatelab.call.errors import CallError, ReflectionFailed, SchemaError, SymbolNotFound
from gatelab.call.invoke import invoke
from gatelab.call.messages import documents, requests
from gatelab.call.schema import Method, Schema, split_method
from gatelab.call.sources import learn_types, types_in, with_extensions
from gatelab.cli.call.channel import opened
from gatelab.cli.call.headers import metadata_of, reserved_in
from gatelab.cli.call.hints import error_hint, hint
from gatelab.cli.call.options import Options
from gatelab.cli.call.output import Printer, Style
from gatelab.cli.call.schema import Schemas, failing, files_of, template_text, with_expanded_headers, write_out
from gatelab.cli.call.stdin import stdin_chunks
from gatelab.cli.call.timing import Timing
from gatelab.cli.exit_codes import STATUS_OFFSET
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.metadata import Metadata


async def run(options: Options) -> int:
    """The exit code."""
    timing = Timing("Timing Data")
    try:
        options = with_expanded_headers(options)
        for name in reserved_in((*options.header, *options.rpc_header, *options.reflect_header)):
            click.echo(f"Note: the header {name} is set by gRPC, and not sent as it was given", err=True)
        return await _run(options, timing)
    except CallError as error:
        click.echo(str(error), err=True)
        if (sentence := error_hint(error, tls=not options.plaintext, certificate=bool(options.cert))) is not None:
            click.echo(f"Hint: {sentence}", err=True)
        return 1
    finally:
        timing.done()
        if options.very_verbose:
            click.echo("\n".join(timing.lines()))


async def _run(options: Options, timing: Timing) -> int:
    schema = files_of(options)
    async with AsyncExitStack() as stack:
        channel = None
        if options.asks_server or options.verb == "call":
            channel = await stack.enter_async_context(opened(options, timing))
        schemas = Schemas.of(options, schema, channel)
        if options.verb == "list":
            return await _list(options, schemas)
        if options.verb == "describe":
            return await _describe(options, schemas)
        assert channel is not None
        with timing.part("InvokeRPC"):
            return await _call(options, schemas, channel, timing)


async def _list(options: Options, schemas: Schemas) -> int:
    if not options.symbol:
        with failing("Failed to list services"):
            services = sorted(await schemas.source.services())
        click.echo("\n".join(services) or "(No services)")
        await write_out(options, schemas, services)
        return 0
    from gatelab.call.describe import methods_of

    with failing(f'Failed to list methods for service "{options.symbol}"'):
        schema = await schemas.source.schema_of(options.symbol)
        if schema.element(options.symbol).kind != "service":
            raise SymbolNotFound(f"Service not found: {options.symbol}")
    click.echo("\n".join(methods_of(schema.service(options.symbol))) or "(No methods)")
    await write_out(options, schemas, [options.symbol])
    return 0


async def _describe(options: Options, schemas: Schemas) -> int:
    from gatelab.call.describe import described

    # Types are shown with a leading dot, so that is how they are pasted.
    names: Sequence[str] = [options.symbol.removeprefix(".")]
    if not options.symbol:
        with failing("Failed to list services"):
            names = await schemas.source.services()
        if not names:
            click.echo("Server returned an empty list of exposed services")
    for name in names:
        with failing(f'Failed to resolve symbol "{name}"'):
            schema = await schemas.source.schema_of(name)
            click.echo(described(schema, name))
        if options.msg_template and schema.element(name).kind == "message":
            template = await template_text(schemas, schema, name, options.format_)
            click.echo(f"\nMessage template:\n{template}")
    await write_out(options, schemas, names)
    return 0


async def _call(options: Options, schemas: Schemas, channel: Channel, timing: Timing) -> int:
    metadata = metadata_of((*options.header, *options.rpc_header))
    try:
        schema = await with_extensions(schemas.source, await _schema_of_method(schemas, options.symbol), options.symbol)
        method = schema.method(options.symbol)
        printer = Printer(method, schema, schemas.source, Style.of(options))
        printer.resolved(metadata)
        outcome = await invoke(
            channel,
            method,
            await _requests(options, schemas, schema, method),
            printer,
            metadata=(*metadata, *_user_agent(options)),
            timeout_s=timing.left(options.max_time),
        )
    except (CallError, ValueError) as error:
        raise CallError(f'Error invoking method "{options.symbol}": {error}') from error
    await printer.ended(outcome)
    if (sentence := hint(outcome.status)) is not None:
        click.echo(f"Hint: {sentence}", err=True)
    await write_out(options, schemas, [method.service])
    return STATUS_OFFSET + outcome.status.code if outcome.status.code else 0


async def _schema_of_method(schemas: Schemas, symbol: str) -> Schema:
    service, _ = split_method(symbol)
    try:
        return await schemas.source.schema_of(service)
    except SymbolNotFound as error:
        raise SymbolNotFound(f'target server does not expose service "{service}"') from error
    except ReflectionFailed as error:
        details = f'failed to query for service descriptor "{service}": {error.details}'
        raise ReflectionFailed(error.code_name, details) from error
    except SchemaError as error:
        raise SchemaError(f'failed to query for service descriptor "{service}": {error}') from error


async def _requests(
    options: Options, schemas: Schemas, schema: Schema, method: Method
) -> Sequence[Message] | AsyncIterable[Message]:
    """The messages; those of a stream as they come on stdin. The types that they name are then in `schema`."""

    async def learn(value: Any) -> None:
        await learn_types(schemas.source, schema, types_in(value))

    if options.data == "@" and method.client_streaming:
        from gatelab.call.request_stream import streamed_requests

        return streamed_requests(
            method,
            stdin_chunks(),
            allow_unknown_fields=options.allow_unknown_fields,
            data_format=options.format_,
            learn=learn,
        )
    text = "".join([chunk async for chunk in stdin_chunks()]) if options.data == "@" else options.data
    if options.format_ == "json" and "@type" in text:
        for value in documents(text):
            await learn(value)
    return requests(method, text, allow_unknown_fields=options.allow_unknown_fields, data_format=options.format_)


def _user_agent(options: Options) -> Metadata:
    return [("user-agent", options.user_agent)] if options.user_agent else []
