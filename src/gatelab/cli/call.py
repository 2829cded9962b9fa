"""`gatelab call`: grpcurl's options, outputs and exit codes."""

import asyncio
import sys
from typing import Any

import click

from gatelab.cli.call_options import Options
from gatelab.cli.go_flags import GoCommand

VERBS = ("list", "describe")


@click.command(cls=GoCommand)
@click.option("--proto", multiple=True, metavar="FILE", help="A .proto file; repeatable. Without: server reflection.")
@click.option("--import-path", multiple=True, metavar="DIR", help="Where imports of .proto files are; repeatable.")
@click.option("--protoset", multiple=True, metavar="FILE", help="A FileDescriptorSet instead of --proto; repeatable.")
@click.option("-d", "--data", metavar="JSON", help="Request messages, one JSON value after the other; @ reads stdin.")
@click.option("--format", "format_", type=click.Choice(["json"]), default="json", help="Of requests and responses.")
@click.option("--emit-defaults", is_flag=True, help="Print fields that have their default value.")
@click.option("--allow-unknown-fields", is_flag=True, help="Ignore fields of the request that the message has not.")
@click.option("-H", "--header", multiple=True, metavar="'NAME: VALUE'", help="For the call and for reflection.")
@click.option("--rpc-header", multiple=True, metavar="'NAME: VALUE'", help="For the call only.")
@click.option("--reflect-header", multiple=True, metavar="'NAME: VALUE'", help="For reflection only.")
@click.option("--plaintext", is_flag=True, help="HTTP/2 without TLS. The default is TLS.")
@click.option("--insecure", is_flag=True, help="TLS, but do not verify the server's certificate.")
@click.option("--cacert", metavar="FILE", help="Trust these CA certificates instead of the system's.")
@click.option("--cert", metavar="FILE", help="Client certificate, with --key.")
@click.option("--key", metavar="FILE", help="Its private key.")
@click.option("--authority", metavar="NAME", help="The :authority to send; also the name that is verified.")
@click.option("--servername", metavar="NAME", help="The same, but --authority, where given, is what is sent.")
@click.option("--connect-timeout", type=float, default=10.0, metavar="SECONDS", show_default=True)
@click.option("--max-time", type=float, metavar="SECONDS", help="Give up after this long.")
@click.option("--max-msg-sz", type=int, default=4 << 20, metavar="BYTES", show_default=True, help="Longest response.")
@click.option("--user-agent", metavar="TEXT")
@click.option("-v", "--verbose", is_flag=True, help="Show the method, headers and trailers.")
@click.argument("address")
@click.argument("symbol", required=False)
@click.argument("rest", nargs=-1)
def call(
    address: str,
    symbol: str | None,
    rest: tuple[str, ...],
    format_: str,  # noqa: ARG001 - one format so far
    **values: Any,
) -> None:
    """Call a gRPC method, with grpcurl's options (one dash or two).

    \b
      gatelab call --proto greetings.proto -d '{"name": "you"}' HOST:443 greetings.GreetMe/Send
      gatelab call -plaintext 127.0.0.1:8080 list
      gatelab call -plaintext 127.0.0.1:8080 describe greetings.GreetMe
      gatelab call --proto greetings.proto describe greetings.GreetRequest

    Names of a running lab are resolved by its DNS, and its certificates are trusted for them. Exit code: 0; 1 the call
    could not be made; 2 usage; 64 + n for gRPC status n.
    """
    from gatelab.cli.call_run import run

    if address in VERBS and not rest and (values["proto"] or values["protoset"]):
        address, symbol, rest = "", address, (symbol,) if symbol else ()
    if symbol is None:
        raise click.UsageError("Missing argument 'SYMBOL': give package.Service/Method, list or describe.")
    options = Options(address=address, symbol=symbol, **values)
    if options.proto and options.protoset:
        raise click.UsageError("Use either --protoset files or --proto files, but not both.")
    if options.plaintext and (options.insecure or options.cacert or options.cert):
        raise click.UsageError("The --insecure, --cacert and --cert arguments have no meaning with --plaintext.")
    if rest and (options.symbol not in VERBS or len(rest) > 1):
        raise click.UsageError("Too many arguments.")
    sys.exit(asyncio.run(run(options, rest[0] if rest else None)))
