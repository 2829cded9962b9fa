"""`gatelab load`: ghz's options and outputs, with response time beside service time and the spread over pods."""

import sys
from typing import Any

import click

from gatelab import __version__
from gatelab.cli.durations import GO_DURATION
from gatelab.cli.load.config import BYTE_SIZE, drop_overridden, read_config
from gatelab.cli.load.options import Options

FORMATS = ("summary", "csv", "json", "pretty", "html", "influx-summary", "influx-details", "prometheus")
_COUNT = click.IntRange(min=0)
_ABOVE_0 = click.IntRange(min=1)
_SCHEDULES = click.Choice(["const", "step", "line"])
_LOADS = click.Choice(["const", "step", "line", "poisson"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", is_eager=True, callback=read_config, help="Options, as JSON, TOML or YAML.")
@click.option("--proto", metavar="FILE", help="The .proto file. Without it and --protoset: server reflection.")
@click.option("--protoset", metavar="FILE", help="A FileDescriptorSet instead of --proto.")
@click.option("--call", metavar="METHOD", help="package.Service/Method.")
@click.option("-i", "--import-paths", metavar="DIRS", help="Where imports of .proto files are; comma-separated.")
@click.option("--reflect-metadata", metavar="JSON", help="Metadata of the reflection request.")
@click.option("--cacert", metavar="FILE", help="Trust these CA certificates instead of the system's.")
@click.option("--cert", metavar="FILE", help="Client certificate, with --key.")
@click.option("--key", metavar="FILE", help="Its private key.")
@click.option("--cname", metavar="NAME", help="The name that is verified, and sent as SNI and :authority.")
@click.option("--skipTLS", "skip_tls", is_flag=True, help="TLS, but do not verify the server's certificate.")
@click.option("--insecure", is_flag=True, help="HTTP/2 without TLS. The default is TLS.")
@click.option("--authority", metavar="NAME", help="The :authority to send, where it differs.")
@click.option(
    "--alpn",
    type=click.Choice(["strict", "lenient"]),
    default="strict",
    show_default=True,
    help="lenient: speak to a TLS server that does not choose h2, as ghz does.",
)
@click.option(
    "--engine",
    type=click.Choice(["native", "grpcio"]),
    default="native",
    show_default=True,
    help="What speaks gRPC: gatelab's own, or the library grpcio, for a second opinion.",
)
@click.option("--async", "async_", is_flag=True, help="Calls start without waiting for others: -c is no bound.")
@click.option("-r", "--rps", type=click.FloatRange(min=0), default=0, help="Calls a second, open loop; 0: no limit.")
@click.option("--load-schedule", type=_LOADS, default="const", show_default=True, help="How the rate changes.")
@click.option("--load-start", type=_COUNT, default=0, help="Calls a second at the start of a step or line.")
@click.option("--load-step", type=int, default=0, help="So many more each step, or each second of a line.")
@click.option("--load-end", type=_COUNT, default=0, help="Calls a second at the end of a step or line.")
@click.option("--load-step-duration", type=GO_DURATION, default=0, help="Of each step.")
@click.option("--load-max-duration", type=GO_DURATION, default=0, help="The rate is steady after this.")
@click.option("-c", "--concurrency", type=_ABOVE_0, default=50, show_default=True, help="Most calls in flight.")
@click.option("--concurrency-schedule", type=_SCHEDULES, default="const", show_default=True, help="How -c changes.")
@click.option("--concurrency-start", type=_COUNT, default=0, help="Calls in flight at the start.")
@click.option("--concurrency-end", type=_COUNT, default=0, help="Calls in flight at the end.")
@click.option("--concurrency-step", type=int, default=1, help="So many more each step, or each second of a line.")
@click.option("--concurrency-step-duration", type=GO_DURATION, default=0, help="Of each step.")
@click.option("--concurrency-max-duration", type=GO_DURATION, default=0, help="No change after this.")
@click.option("-n", "--total", type=_ABOVE_0, default=200, show_default=True, help="Calls to make.")
@click.option("-t", "--timeout", type=GO_DURATION, default="20s", show_default=True, help="Of each call; 0: an hour.")
@click.option("-z", "--duration", type=GO_DURATION, default=0, help="How long to run; --total is ignored then.")
@click.option("-x", "--max-duration", type=GO_DURATION, default=0, help="With --total: end after this long anyway.")
@click.option(
    "--duration-stop",
    type=click.Choice(["close", "wait", "ignore"], case_sensitive=False),
    default="wait",
    show_default=True,
    help="Calls in flight at the end: fail, are waited for, or do not count.",
)
@click.option("-d", "--data", metavar="JSON", help="The request, or an array to go round; @ reads stdin.")
@click.option("-D", "--data-file", metavar="FILE", help="A file with the request as JSON.")
@click.option("-b", "--binary", is_flag=True, help="Encoded messages from stdin: one, or several with their lengths.")
@click.option("-B", "--binary-file", metavar="FILE", help="The same from a file.")
@click.option("-m", "--metadata", metavar="JSON", help="Metadata as a JSON object of strings.")
@click.option("-M", "--metadata-file", metavar="FILE", help="A file with the metadata as JSON.")
@click.option("--disable-template-functions", is_flag=True, help="Data may use variables, but no functions.")
@click.option("--disable-template-data", is_flag=True, help="Data and metadata are sent as they are.")
@click.option("--stream-interval", type=GO_DURATION, default=0, help="Between the messages that a stream sends.")
@click.option("--stream-call-duration", type=GO_DURATION, default=0, help="The client ends each stream after this.")
@click.option("--stream-call-count", type=_COUNT, default=0, help="Messages sent in each stream, or received.")
@click.option("--stream-dynamic-messages", is_flag=True, help="Templates are rendered for each message of a stream.")
@click.option("-o", "--output", metavar="FILE", help="Write the report there instead of to stdout.")
@click.option(
    "-O",
    "--format",
    type=click.Choice(FORMATS),
    default="summary",
    show_default=True,
    metavar="FORMAT",
    help=f"Of the report: {', '.join(FORMATS)}.",
)
@click.option("--skipFirst", "skip_first", type=_COUNT, default=0, metavar="N", help="Do not count the first N calls.")
@click.option("--count-errors", is_flag=True, help="The times of failed calls count too.")
@click.option("--expect", multiple=True, metavar="EXPR", help="Such as 'p99<10ms' or 'errors==0'; again for more.")
@click.option("--connections", type=_ABOVE_0, default=1, show_default=True, help="Connections.")
@click.option("--connect-timeout", type=GO_DURATION, default="10s", show_default=True, help="Of connecting.")
@click.option("--keepalive", type=GO_DURATION, default=0, help="A PING on each connection this often.")
@click.option("-e", "--enable-compression", is_flag=True, help="Compress requests with gzip.")
@click.option("--lb-strategy", metavar="NAME", help="Only pick_first: all connections go to the address of HOST.")
@click.option("--max-recv-message-size", type=BYTE_SIZE, metavar="SIZE", help="Such as 4MB; the default is no limit.")
@click.option("--max-send-message-size", type=BYTE_SIZE, metavar="SIZE", help="Such as 4MB; the default is no limit.")
@click.option("--name", metavar="TEXT", help="A name for the report.")
@click.option("--tags", metavar="JSON", help="An object of strings, for the report.")
@click.option("--cpus", type=_ABOVE_0, metavar="N", help="Processes at most, where --workers is not given.")
@click.option("--workers", type=_ABOVE_0, metavar="N", help="Processes that share the load; each has connections.")
@click.option("--warm-up", type=GO_DURATION, default=0, help="The same load before, not counted.")
@click.option("--debug", metavar="FILE", help="Write what happened there, a JSON object a line.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.version_option(__version__, "-v", "--version", message="%(version)s")
@click.argument("host", required=False)
@click.pass_context
def load(context: click.Context, /, **values: Any) -> None:
    """Put load on a gRPC method, with ghz's options.

    \b
      gatelab load --proto greetings.proto --call greetings.GreetMe/Send \\
          -d '{"name": "you"}' --rps 100 --duration 60s --connections 5 HOST:443

    With --rps, calls start on time whatever the server does, and response time counts from the intended start.
    --skipTLS does not verify TLS, --insecure is plaintext, as in ghz. Names of a running lab are resolved by its DNS,
    and its certificates are trusted for them. Exit code: 0 every call was OK and every expectation is met; 1 not so,
    or no call could be made; 2 usage. An --expect of errors, ok or error_rate takes the place of "every call was OK".
    """
    values = drop_overridden(context, values)
    for name, said in (("call", "give --call package.Service/Method"), ("host", "give the address, as host:port")):
        if not values[name]:
            raise click.UsageError(f"{name} required: {said}")
    from gatelab.cli.load.run import run

    sys.exit(run(Options(**values)))
