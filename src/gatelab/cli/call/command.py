"""`gatelab call`: grpcurl's options, outputs and exit codes."""

import asyncio
import signal
import sys
from typing import Any

import click

from gatelab import __version__
from gatelab.cli.call.options import options_of, warnings
from gatelab.cli.exit_codes import SIGNAL_OFFSET
from gatelab.cli.go_flags import GoCommand


@click.command(cls=GoCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--proto", multiple=True, metavar="FILE", help="A .proto file; repeatable. Without: server reflection.")
@click.option("--import-path", multiple=True, metavar="DIR", help="Where imports of .proto files are; repeatable.")
@click.option("--protoset", multiple=True, metavar="FILE", help="A FileDescriptorSet instead of -proto; repeatable.")
@click.option(
    "--use-reflection/--no-use-reflection", default=None, help="Ask the server also beside -proto, -protoset."
)
@click.option("--protoset-out", metavar="FILE", help="Write what is used of the schema, as a FileDescriptorSet.")
@click.option("--proto-out-dir", metavar="DIR", help="The same, as .proto files.")
@click.option("-d", "--data", default="", metavar="DATA", help="Request messages, one after the other; @ reads stdin.")
@click.option("--format", "format_", default="json", metavar="json|text", help="Of requests and responses.")
@click.option("--emit-defaults", is_flag=True, help="Print fields that have their default value.")
@click.option("--allow-unknown-fields", is_flag=True, help="Ignore fields of the request that the message has not.")
@click.option("--msg-template", is_flag=True, help="describe: show a request to fill in.")
@click.option("--format-error", is_flag=True, help="Print a status as google.rpc.Status in -format.")
@click.option(
    "-H", "--header", multiple=True, metavar="'NAME: VALUE'", help="For the call and for reflection; -bin in base64."
)
@click.option("--rpc-header", multiple=True, metavar="'NAME: VALUE'", help="For the call only.")
@click.option("--reflect-header", multiple=True, metavar="'NAME: VALUE'", help="For reflection only.")
@click.option("--expand-headers", is_flag=True, help="Replace ${NAME} in headers by the environment's value.")
@click.option("--plaintext", is_flag=True, help="HTTP/2 without TLS. The default is TLS.")
@click.option("--insecure", is_flag=True, help="TLS, but do not verify the server's certificate.")
@click.option("--cacert", metavar="FILE", help="Trust these CA certificates instead of the system's.")
@click.option("--cert", metavar="FILE", help="Client certificate, with -key.")
@click.option("--key", metavar="FILE", help="Its private key.")
@click.option("--alts", is_flag=True, help="Refused: Google Cloud's own transport security.")
@click.option("--alts-handshaker-service", metavar="ADDRESS", help="Refused with -alts.")
@click.option("--alts-target-service-account", multiple=True, metavar="NAME", help="Refused with -alts.")
@click.option("--unix", is_flag=True, help="The address is the path of a Unix domain socket.")
@click.option(
    "--alpn",
    type=click.Choice(["strict", "lenient"]),
    default="strict",
    show_default=True,
    help="lenient: speak to a TLS server that does not choose h2.",
)
@click.option("--authority", metavar="NAME", help="The :authority to send; also the name that is verified.")
@click.option("--servername", metavar="NAME", help="The same, but -authority, where given, is what is sent.")
@click.option("--connect-timeout", type=float, default=0.0, metavar="SECONDS", help="For the connection; 10 if 0.")
@click.option(
    "--keepalive-time", type=float, default=0.0, metavar="SECONDS", help="Probe a silent connection this often."
)
@click.option("--max-time", type=float, default=0.0, metavar="SECONDS", help="Give up after this long; never if 0.")
@click.option("--max-msg-sz", type=int, default=0, metavar="BYTES", help="Longest response; 4 MiB if 0.")
@click.option("--user-agent", metavar="TEXT", help="Goes before our own in the User-Agent header.")
@click.option("-v", "--verbose", is_flag=True, help="Show the method, headers and trailers.")
@click.option("--vv", "very_verbose", is_flag=True, help="Show sizes and times also.")
@click.version_option(__version__, prog_name="gatelab")
@click.argument("arguments", nargs=-1, metavar="[ADDRESS] [list|describe] [SYMBOL]")
def call(arguments: tuple[str, ...], **values: Any) -> None:
    """Call a gRPC method, with grpcurl's options (one dash or two).

    \b
      gatelab call -proto greetings.proto -d '{"name": "you"}' HOST:443 \\
          greetings.GreetMe/Send
      gatelab call -plaintext 127.0.0.1:8080 list
      gatelab call -plaintext 127.0.0.1:8080 describe greetings.GreetMe
      gatelab call -proto greetings.proto -msg-template \\
          describe greetings.GreetRequest
      printf '{"name": "a"}{"name": "b"}' | \\
          gatelab call -d @ HOST:443 greetings.GreetMe/Chat

    Without -d one empty message is sent. Names of a running lab are resolved by its DNS, and its certificates are
    trusted for them. Exit code: 0; 1 the call could not be made; 2 usage; 64 + n for gRPC status n;
    130 after Ctrl-C.
    """
    from gatelab.cli.call.run import run

    options = options_of(arguments, values)
    for warning in warnings(options):
        click.echo(f"Warning: {warning}", err=True)
    try:
        sys.exit(asyncio.run(run(options)))
    except KeyboardInterrupt:  # the call has been reset, so that the server knows
        sys.exit(SIGNAL_OFFSET + signal.SIGINT)
