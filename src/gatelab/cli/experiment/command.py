"""`gatelab experiment`: manifests, load and expectations from a file; a verdict and a report."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from gatelab.cli.durations import GO_DURATION
from gatelab.cli.outputs import Outputs, output_options, writable
from gatelab.cli.shares import SHARE

_FILE = click.Path(dir_okay=False, path_type=Path)
F = TypeVar("F", bound=Callable[..., object])


def load_options(command: F) -> F:
    """The options that stand above the file's `load`."""
    for option in (
        click.option("--connections", type=click.IntRange(min=1), help="Connections on each path."),
        click.option("--rps", type=click.FloatRange(min=0, min_open=True), help="Calls a second on each path."),
        click.option("--duration", type=GO_DURATION, help="Load on each path, such as 10s; the paths take turns."),
    ):
        command = option(command)
    return command


@click.group()
def experiment() -> None:
    """Run experiments described in files (docs/experiment.md)."""


@experiment.command("run", short_help="Run the experiment in FILE.")
@click.argument("file", type=_FILE)
@click.option("--no-apply", is_flag=True, help="Measure what is there; do not apply the manifests.")
@click.option("--repetitions", type=click.IntRange(min=1), help="Instead of the file's: of each cell.")
@click.option("--save-baseline", type=_FILE, help="Save the report, to compare others with.")
@click.option("--baseline", type=_FILE, help="Compare with a saved report; fail if anything is worse.")
@click.option("--tolerance", type=SHARE, default="10%", show_default=True, help="Changes up to this are none.")
@load_options
@output_options
def run(
    file: Path,
    no_apply: bool,
    repetitions: int | None,
    save_baseline: Path | None,
    baseline: Path | None,
    tolerance: float,
    connections: int | None,
    rps: float | None,
    duration: float | None,
    outputs: Outputs,
) -> None:
    """Run the experiment in FILE on the cluster of $KUBECONFIG, or on the running lab.

    The same load goes to the pods directly, through the Service's address (L4) and through the target (L7), in turns.
    With a matrix or repetitions in FILE, or a baseline, every cell is run so often, and medians are judged.
    Exit code: 0 pass; 1 fail; 2 usage; 3 could not run.
    """
    from gatelab.cli.experiment.run import Overrides, is_matrix, read, require_programs, run_here

    prepared = read(file, Overrides(rps, duration, connections, repetitions=repetitions))
    require_programs(prepared.experiment)
    if not (is_matrix(prepared.experiment) or baseline or save_baseline):
        sys.exit(run_here(prepared, outputs, apply=not no_apply))
    from gatelab.cli.experiment.matrix_run import Baselines, read_baseline, run_cells

    save = writable(save_baseline) if save_baseline else None
    compared = read_baseline(baseline, prepared.experiment) if baseline else None
    baselines = Baselines(compared, tolerance, save)
    sys.exit(run_cells(prepared, outputs, baselines, apply=not no_apply))


@experiment.command("validate")
@click.argument("file", type=_FILE)
def validate(file: Path) -> None:
    """Say what FILE would do, without a cluster. Exit code: 0 fine; 2 a mistake, named with its fix."""
    from gatelab.cli.experiment.plan import plan_text
    from gatelab.cli.experiment.run import Overrides, read

    click.echo(plan_text(read(file, Overrides()).experiment))


@experiment.command("compare")
@click.argument("baseline", type=_FILE)
@click.argument("report", type=_FILE)
@click.option("--tolerance", type=SHARE, default="10%", show_default=True, help="Changes up to this are none.")
@output_options
def compare(baseline: Path, report: Path, tolerance: float, outputs: Outputs) -> None:
    """Compare two saved reports of a matrix.

    BASELINE is the earlier one; the question is whether anything is worse now.
    Exit code: 0 no, and nothing in REPORT has failed; 1 otherwise; 2 usage.
    """
    from gatelab.cli.experiment.matrix_run import Baselines, conclude, read_report

    sys.exit(conclude(read_report(report), outputs, Baselines(read_report(baseline), tolerance, None)))
