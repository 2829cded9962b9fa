"""Options that contradict each other."""

from collections.abc import Iterator

import click

from gatelab.cli.load.options import Options, string_map
from gatelab.cli.load.plan import schedule_of


def check(options: Options) -> None:
    """Raises click.UsageError for options that contradict each other."""
    pairs = (("data", "data_file", "binary", "binary_file"), ("metadata", "metadata_file"), ("proto", "protoset"))
    for names in pairs:
        given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
        if len(given) > 1:
            raise click.UsageError(f"give {' or '.join(given)}, not both")
    for is_wrong, sentence in (*_wrong_of_processes(options), *_wrong_of_calls(options)):
        if is_wrong:
            raise click.UsageError(sentence)
    string_map(options.tags, "--tags")
    string_map(options.reflect_metadata, "--reflect-metadata")


def _wrong_of_processes(options: Options) -> Iterator[tuple[bool, str]]:
    """Of connections, and of those who hold them."""
    workers, connections, total = options.workers or 0, options.connections, options.total
    own = f"--workers {workers} with --connections {connections}: each worker has connections of its own"
    grpcio = options.engine == "grpcio"
    yield bool(options.cert) != bool(options.key), "--cert and --key go together: give both, or neither"
    yield (
        options.lb_strategy not in (None, "", "pick_first"),
        (
            f"--lb-strategy {options.lb_strategy} is not to be had: every connection goes to the address that HOST "
            "stands for, as with pick_first; give --connections, or load each address by itself"
        ),
    )
    yield workers > connections, f"{own}; give --connections {workers} or more"
    yield (
        not options.duration and workers > total,
        f"--workers {workers} with --total {total}: some would have no call",
    )
    yield (
        grpcio and options.skip_tls,
        "--engine grpcio verifies certificates always: give --cacert instead of --skipTLS",
    )
    yield (
        grpcio and options.alpn != "strict",
        "--engine grpcio demands h2 of ALPN always: --alpn lenient needs the native engine",
    )


def _wrong_of_calls(options: Options) -> Iterator[tuple[bool, str]]:
    """Of how many there are, and when."""
    yield (
        options.skip_first > options.total and not options.duration,
        "you cannot skip more requests than those run",
    )
    yield (
        bool(options.async_ and options.duration and not schedule_of(options)),
        "--async with --duration and no rate would start calls without end: give --rps",
    )
    yield (
        options.async_ and options.concurrency_schedule != "const",
        "--async has no bound on concurrency: --concurrency-schedule would do nothing",
    )
