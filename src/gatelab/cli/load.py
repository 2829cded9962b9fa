"""`gatelab load`: ghz's options and outputs, with response time beside service time and the spread over pods."""

import sys
from typing import Any

import click

from gatelab.cli.durations import GO_DURATION
from gatelab.cli.load_options import Options


@click.command()
@click.option("--proto", metavar="FILE", help="The .proto file. Without it and --protoset: server reflection.")
@click.option("--protoset", metavar="FILE", help="A FileDescriptorSet instead of --proto.")
@click.option("--call", required=True, metavar="METHOD", help="package.Service/Method; unary.")
@click.option("-i", "--import-paths", metavar="DIRS", help="Where imports of .proto files are; comma-separated.")
@click.option("-d", "--data", metavar="JSON", help="The request; @ reads stdin.")
@click.option("-D", "--data-file", metavar="FILE", help="A file with the request as JSON.")
@click.option("-m", "--metadata", metavar="JSON", help="Metadata as a JSON object of strings.")
@click.option("-r", "--rps", type=click.FloatRange(min=0), default=0, help="Calls a second, open loop; 0: no limit.")
@click.option("-n", "--total", type=click.IntRange(min=1), default=200, show_default=True, help="Calls to make.")
@click.option("-z", "--duration", type=GO_DURATION, default=0, help="How long to run; --total is ignored then.")
@click.option("-x", "--max-duration", type=GO_DURATION, default=0, help="With --total: end after this long anyway.")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), default=50, show_default=True, help="Calls in flight.")
@click.option("--connections", type=click.IntRange(min=1), default=1, show_default=True, help="Connections.")
@click.option("-t", "--timeout", type=GO_DURATION, default="20s", show_default=True, help="Of each call.")
@click.option("--connect-timeout", type=GO_DURATION, default="10s", show_default=True, help="Of connecting.")
@click.option("--cacert", metavar="FILE", help="Trust these CA certificates instead of the system's.")
@click.option("--cert", metavar="FILE", help="Client certificate, with --key.")
@click.option("--key", metavar="FILE", help="Its private key.")
@click.option("--cname", metavar="NAME", help="The name that is verified, and sent as SNI and :authority.")
@click.option("--skipTLS", "skip_tls", is_flag=True, help="TLS, but do not verify the server's certificate.")
@click.option("--insecure", is_flag=True, help="HTTP/2 without TLS. The default is TLS.")
@click.option("--authority", metavar="NAME", help="The :authority to send, where it differs.")
@click.option("--name", metavar="TEXT", help="A name for the report.")
@click.option("-O", "--format", type=click.Choice(["summary", "json", "pretty"]), default="summary", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write the report there instead of to stdout.")
@click.option("--cpus", type=int, metavar="N", help="As in ghz; here the generator uses one core.")
@click.option("--skipFirst", "skip_first", type=int, default=0, metavar="N", help="As in ghz; not applied here.")
@click.option("--count-errors", is_flag=True, help="As in ghz; latencies here are those of successful calls.")
@click.argument("host")
def load(**values: Any) -> None:
    """Put load on a unary gRPC method, with ghz's options.

    \b
      gatelab load --proto greetings.proto --call greetings.GreetMe/Send -d '{"name": "you"}' \\
          --rps 100 --duration 60s --connections 5 HOST:443

    With --rps, calls start on time whatever the server does, and response time counts from the intended start.
    --skipTLS does not verify TLS, --insecure is plaintext, as in ghz. Names of a running lab are resolved by its DNS,
    and its certificates are trusted for them. Exit code: 0 every call was OK; 1 some call was not, or none could be
    made; 2 usage.
    """
    from gatelab.cli.load_run import run

    sys.exit(run(Options(**values)))
