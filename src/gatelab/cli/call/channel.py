"""The connection of `gatelab call`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import click

from gatelab.call.connection import connect_tcp, connect_unix
from gatelab.call.errors import CallError
from gatelab.cli.call.options import DEFAULT_MESSAGE_BYTES, Options
from gatelab.cli.call.schema import failing
from gatelab.cli.call.timing import Timing
from gatelab.cli.targets import TlsOptions, authority_of, dial_failure, find, split_address
from gatelab.experiment.place import Place
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.transport import Alpn


@asynccontextmanager
async def opened(options: Options, timing: Timing) -> AsyncIterator[Channel]:
    """Raises CallError when there is no connection."""
    with timing.part("Dial") as dial:
        channel = await (_unix(options) if options.unix else _tcp(options, dial))
    try:
        yield channel
    finally:
        await channel.close()


async def _tcp(options: Options, timing: Timing) -> Channel:
    try:
        host, port = split_address(options.address)
    except click.UsageError as error:
        raise CallError(f'Failed to dial target host "{options.address}": {error.message}') from error
    place = await find(host)
    if options.verbose and place.note:
        resolved = f"{host} was resolved to {place.address} " if place.address != host else ""
        click.echo(f"{resolved}{place.note}", err=True)
    return await _connected(options, place, port, timing)


async def _connected(options: Options, place: Place, port: int, timing: Timing) -> Channel:
    tls = None
    if not options.plaintext:
        with timing.part("TLS Setup"), failing("Failed to create TLS config"):
            tls = _tls(options).context(place)
    try:
        with timing.part("BlockingDial"):
            return await connect_tcp(
                place.address,
                place.port(port),
                tls=tls,
                authority=authority_of(
                    options.address,
                    authority=options.authority,
                    server_name=options.servername,
                    plaintext=options.plaintext,
                ),
                server_name=None if options.plaintext else options.servername,
                timeout_s=options.connect_timeout_s,
                keepalive_s=options.keepalive_time,
                max_message_bytes=options.max_msg_sz or DEFAULT_MESSAGE_BYTES,
                alpn=cast("Alpn", options.alpn),
                on_note=lambda note: click.echo(f"Note: {note}", err=True),
            )
    except ConnectError as error:
        raise CallError(dial_failure(options.address, error, place)) from error


def _tls(options: Options) -> TlsOptions:
    return TlsOptions(options.plaintext, options.insecure, options.cacert, options.cert, options.key)


async def _unix(options: Options) -> Channel:
    try:
        return await connect_unix(
            options.address,
            tls=_tls(options).context(Place(options.address)),
            authority=options.authority or "localhost",
            server_name=options.servername,
            timeout_s=options.connect_timeout_s,
            keepalive_s=options.keepalive_time,
            max_message_bytes=options.max_msg_sz or DEFAULT_MESSAGE_BYTES,
        )
    except ConnectError as error:
        raise CallError(f'Failed to dial target host "{options.address}": {error}') from error
