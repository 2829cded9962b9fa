"""What `gatelab experiment run` does with a matrix, repetitions or a baseline, and `gatelab experiment compare`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from gatelab.cli.exit_codes import COULD_NOT_RUN, FAILED, OK
from gatelab.cli.experiment.run import Prepared, configured
from gatelab.cli.interruption import stopped_by_signals
from gatelab.cli.live.progress import Display, PathsProgress
from gatelab.cli.manifests import apply_manifests
from gatelab.cli.outputs import Outputs
from gatelab.cluster.remote import RemoteCluster
from gatelab.experiment.axes import cells
from gatelab.experiment.commands import shell_line
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.matrix.comparison import compared
from gatelab.experiment.matrix.report import MatrixReport
from gatelab.experiment.matrix.run import MatrixWatchers, run_matrix
from gatelab.experiment.matrix.site import OpenCluster, Opened
from gatelab.load import Progress, loop_factory
from gatelab.node.errors import LabError


@dataclass(frozen=True, slots=True)
class Baselines:
    """A report to compare with, and where to save this one."""

    compare: MatrixReport | None
    tolerance: float
    save: Path | None


def run_cells(prepared: Prepared, outputs: Outputs, baselines: Baselines, *, apply: bool) -> int:
    """Runs on the configured cluster, or on those of the matrix's contexts. The exit code."""
    file = configured()
    if file is None:
        return COULD_NOT_RUN
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        report = runner.run(_run(file, prepared, Display(quiet=outputs.quiet), apply=apply))
    return conclude(report, outputs, baselines)


def conclude(report: MatrixReport, outputs: Outputs, baselines: Baselines) -> int:
    """Compares, saves and writes. The exit code."""
    if baselines.compare is not None:
        comparison = compared(report, baselines.compare, tolerance=baselines.tolerance)
        verdict = report.verdict if comparison.result == "pass" else "fail"
        report = msgspec.structs.replace(report, comparison=comparison, verdict=verdict)
    try:
        outputs.write(report)
    finally:
        if baselines.save is not None:
            _save(baselines.save, report)
    if not report.ran:
        return COULD_NOT_RUN
    return OK if report.verdict == "pass" else FAILED


def read_report(file: Path) -> MatrixReport:
    """A saved report. Raises click.UsageError naming the file and what to do."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=MatrixReport)
    except OSError as error:
        raise click.UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        fix = "make one by `gatelab experiment run FILE --save-baseline`"
        raise click.UsageError(f"{file}: is not the report of a matrix ({error}): {fix}") from error


def read_baseline(file: Path, experiment: Experiment) -> MatrixReport:
    """The one to compare a run of `experiment` with. Raises click.UsageError before the run where that is in vain."""
    baseline = read_report(file)
    if baseline.experiment != experiment.experiment:
        raise click.UsageError(
            f"{file}: is a baseline of the experiment {baseline.experiment!r}, and this is {experiment.experiment!r}"
        )
    here, there = ({each.name for each in found} for found in (cells(experiment.matrix), baseline.cells))
    if not here & there:
        raise click.UsageError(
            f"{file}: has no cell of this experiment's matrix: it has {_some(there)}, and the file {_some(here)}"
        )
    return baseline


def _some(names: Collection[str]) -> str:
    shown, rest = ", ".join(sorted(names)[:3]), len(names) - 3
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"


def _save(file: Path, report: MatrixReport) -> None:
    """An incomplete run would be a baseline that nobody meant."""
    if not report.complete:
        click.echo(f"{file} is not written: the run was interrupted", err=True)
        return
    kept = msgspec.structs.replace(report, comparison=None)
    try:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error


async def _run(file: Path, prepared: Prepared, display: Display, *, apply: bool) -> MatrixReport:
    def began(total_s: float) -> Callable[[str, Progress], None]:
        return PathsProgress(total_s, display)

    with stopped_by_signals(display.say, "what was changed is changed back, then there is a partial report") as stop:
        try:
            return await run_matrix(
                prepared.experiment,
                prepared.request,
                _opener(file, prepared, apply=apply),
                MatrixWatchers(display.say, began),
                stop=stop,
                commands=(shell_line(["gatelab", *sys.argv[1:]]),),
            )
        finally:
            display.clear()


def _opener(file: Path, prepared: Prepared, *, apply: bool) -> OpenCluster:
    manifests = [prepared.experiment.path(name) for name in prepared.experiment.manifests]

    @asynccontextmanager
    async def opened(context: str | None) -> AsyncIterator[Opened]:
        async def applied() -> None:
            try:
                await apply_manifests(file, manifests, context)
            except LabError as error:
                raise CouldNotRun(str(error)) from error

        async with RemoteCluster.connect(file, context=context) as cluster:
            yield Opened(cluster, cluster, applied if apply and manifests else None)

    return opened
