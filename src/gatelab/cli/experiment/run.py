"""What `gatelab experiment run` and `gatelab demo` do once their options are read."""

import asyncio
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from gatelab.cli.exit_codes import COULD_NOT_RUN, FAILED, OK
from gatelab.cli.interruption import stopped_by_signals
from gatelab.cli.live.progress import Display, PathsProgress
from gatelab.cli.manifests import apply_manifests
from gatelab.cli.outputs import Outputs
from gatelab.cli.targets import kubeconfig
from gatelab.cli.wrapped.programs import GHZ
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.experiment.axes import Matrix
from gatelab.experiment.commands import shell_line
from gatelab.experiment.engines.table import engine_of, engines_of
from gatelab.experiment.errors import ExperimentError, ExperimentFileError
from gatelab.experiment.file import Experiment, read_experiment
from gatelab.experiment.report import Report
from gatelab.experiment.run import run_experiment
from gatelab.experiment.smoke import Request, request_of
from gatelab.experiment.watchers import Watchers
from gatelab.load import loop_factory
from gatelab.node.errors import LabError
from gatelab.spread import finest_bound

COARSEST_BOUND = 0.5
"""Half or one and a half times the even share is not a spread that a demo should call even."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """Options that stand above the file's `load`."""

    rps: float | None = None
    duration_s: float | None = None
    connections: int | None = None
    widen_bound: bool = False
    """Whether a load too small for the file's bound is judged by the finest bound that it can show."""
    repetitions: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An experiment that has been checked as far as that goes without a cluster."""

    experiment: Experiment
    request: Request


def read(file: Path, overrides: Overrides) -> Prepared:
    """Raises click.UsageError: a wrong file is wrong usage."""
    try:
        experiment = read_experiment(file)
        missing = [name for name in experiment.manifests if not experiment.path(name).exists()]
        if missing:
            raise ExperimentFileError(f"{file}: manifests: there is no file {missing[0]}")
        return Prepared(_overridden(experiment, overrides), request_of(experiment))
    except ExperimentFileError as error:
        raise click.UsageError(str(error)) from error


def require_programs(experiment: Experiment) -> None:
    """Raises click.UsageError where an engine of the file is a program that is not there, saying how to get it."""
    if "ghz" in engines_of(experiment) and GHZ.find() is None:
        raise click.UsageError(f"the file's engine is ghz, and {GHZ.missing.rstrip()}")


def run_here(prepared: Prepared, outputs: Outputs, *, apply: bool) -> int:
    """Runs on the configured cluster. The exit code."""
    file = configured()
    return COULD_NOT_RUN if file is None else run_on(file, prepared, outputs, apply=apply)


def configured() -> Path | None:
    """The kubeconfig; None has been said to be missing."""
    file = kubeconfig()
    if file is None:
        click.echo("Error: no cluster: set KUBECONFIG, or start a lab with `gatelab up --detach`", err=True)
    return file


def run_on(file: Path, prepared: Prepared, outputs: Outputs, *, apply: bool, startup_s: float | None = None) -> int:
    """Runs on the cluster of a kubeconfig and prints the report. The exit code."""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            report = runner.run(_run(file, prepared, Display(quiet=outputs.quiet), apply=apply, startup_s=startup_s))
    except (ExperimentError, KubeconfigError, LabError) as error:
        click.echo(f"Error: {error}", err=True)
        return COULD_NOT_RUN
    outputs.write(report)
    return OK if report.verdict == "pass" else FAILED


async def _run(file: Path, prepared: Prepared, display: Display, *, apply: bool, startup_s: float | None) -> Report:
    """A lab of its own, whose start took `startup_s`, ends with the run: then Ctrl-C is not for the run alone."""
    load = prepared.experiment.load
    total_s = engine_of(load.engine).turns(load.duration_s).total_s
    manifests = [prepared.experiment.path(name) for name in prepared.experiment.manifests]
    stops = stopped_by_signals(display.say, "a partial report follows") if startup_s is None else nullcontext()
    async with RemoteCluster.connect(file) as cluster:
        try:
            with stops as stop:
                return await run_experiment(
                    prepared.experiment,
                    prepared.request,
                    cluster,
                    Watchers(display.say, PathsProgress(total_s, display)),
                    apply=(lambda: apply_manifests(file, manifests)) if apply and manifests else None,
                    startup_s=startup_s,
                    pods=cluster,
                    command=shell_line(["gatelab", *sys.argv[1:]]),
                    stop=stop,
                )
        finally:
            display.clear()


def is_matrix(experiment: Experiment) -> bool:
    """Whether there is more to run than one measurement of all paths."""
    return experiment.repetitions > 1 or experiment.matrix != Matrix()


def _overridden(experiment: Experiment, overrides: Overrides) -> Experiment:
    for option, axis, value in (
        ("--rps", experiment.matrix.rps, overrides.rps),
        ("--duration", experiment.matrix.duration, overrides.duration_s),
        ("--connections", experiment.matrix.connections, overrides.connections),
    ):
        if axis and value is not None:
            raise ExperimentFileError(f"{option}: the file's matrix varies it; leave out the one or the other")
    load = experiment.load
    changed = msgspec.structs.replace(
        load,
        rps=overrides.rps or load.rps,
        duration=load.duration if overrides.duration_s is None else _duration(overrides.duration_s),
        connections=overrides.connections or load.connections,
    )
    expect = experiment.expect
    if overrides.widen_bound and expect.pods is not None:
        shown = finest_bound(expect.pods, changed.requests, confidence=expect.confidence_level)
        expect = msgspec.structs.replace(expect, spread=min(COARSEST_BOUND, max(expect.bound, shown)))
    repetitions = overrides.repetitions or experiment.repetitions
    return msgspec.structs.replace(experiment, load=changed, expect=expect, repetitions=repetitions)


def _duration(seconds: float) -> str:
    """As in the file: `2.5s`."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
