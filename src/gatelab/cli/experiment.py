"""`gatelab experiment`: manifests, load and expectations from a file; a verdict and a report."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from gatelab.cli.durations import GO_DURATION

F = TypeVar("F", bound=Callable[..., object])


def load_options(command: F) -> F:
    """The options that stand above the file's `load`, and the format of the report."""
    for option in (
        click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True),
        click.option("--connections", type=click.IntRange(min=1), help="Connections on each path."),
        click.option("--rps", type=click.FloatRange(min=0, min_open=True), help="Calls a second on each path."),
        click.option("--duration", type=GO_DURATION, help="Load on each path, such as 10s; the paths take turns."),
    ):
        command = option(command)
    return command


@click.group()
def experiment() -> None:
    """Run experiments described in files (docs/experiment.md)."""


@experiment.command("run")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--no-apply", is_flag=True, help="Measure what is there; do not apply the manifests.")
@load_options
def run(
    file: Path, no_apply: bool, format_: str, connections: int | None, rps: float | None, duration: float | None
) -> None:
    """Run the experiment in FILE on the cluster of $KUBECONFIG, or on the running lab.

    The same load goes to the pods directly, through the Service's address (L4) and through the target (L7), in turns.
    Exit code: 0 pass; 1 fail; 2 usage; 3 could not run.
    """
    from gatelab.cli.experiment_run import Overrides, read, run_here

    overrides = Overrides(rps, duration, connections)
    sys.exit(run_here(read(file, overrides), apply=not no_apply, format_=format_))
