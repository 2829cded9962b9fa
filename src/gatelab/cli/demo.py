"""`gatelab demo`: the whole experiment in a lab of its own."""

import sys

import click

from gatelab.cli.experiment.command import load_options
from gatelab.cli.outputs import Outputs, output_options


@click.command()
@load_options
@output_options
def demo(outputs: Outputs, connections: int | None, rps: float | None, duration: float | None) -> None:
    """Start a lab, apply the example, measure its spread, print the verdict, clean up: about half a minute.

    By default 100 calls a second over 1 connection, 10 s on each of three paths. The spread is even when every pod's
    share is shown to be within ±20% of the even share; a shorter run states the wider bound that it can show. Exit
    code: 0 pass; 1 fail; 2 usage; 3 could not run.
    """
    from gatelab.cli.demo_run import run_demo

    sys.exit(run_demo(rps=rps, duration_s=duration, connections=connections, outputs=outputs))
