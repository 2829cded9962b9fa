"""Runs a matrix: the cells in turns, repetition by repetition, until all have had theirs or somebody says stop."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from gatelab.experiment.axes import Cell, cells
from gatelab.experiment.engines.table import engine_of
from gatelab.experiment.environment import environment, versions
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.figures import of_paths
from gatelab.experiment.file import Experiment
from gatelab.experiment.interruption import unless
from gatelab.experiment.matrix.cell import CellRuns, Repetition, cell_report
from gatelab.experiment.matrix.report import MatrixReport
from gatelab.experiment.matrix.site import Measured, OpenCluster, Sites
from gatelab.experiment.smoke import Request
from gatelab.experiment.turns import ORDER
from gatelab.experiment.verdict import checks
from gatelab.experiment.watchers import Watchers
from gatelab.load import Progress


@dataclass(frozen=True, slots=True)
class MatrixWatchers:
    """Who is told what happens. `began` gets the seconds that a measurement will take, and answers with its watcher."""

    said: Callable[[str], None]
    began: Callable[[float], Callable[[str, Progress], None]]


async def run_matrix(
    experiment: Experiment,
    request: Request,
    open_cluster: OpenCluster,
    watchers: MatrixWatchers,
    *,
    stop: asyncio.Event,
    commands: Sequence[str] = (),
) -> MatrixReport:
    """The report; `stop` ends the run with what is complete. What was changed in clusters is changed back."""
    runs = [CellRuns(cell) for cell in cells(experiment.matrix)]
    sites = Sites(open_cluster, request, Watchers(watchers.said, lambda _path, _progress: None))
    try:
        await _Rounds(experiment, runs, sites, watchers, stop).run()
    finally:
        notes = await sites.close()
    for note in notes:
        watchers.said(note)
    return matrix_report(experiment, runs, notes=notes, commands=commands)


def matrix_report(
    experiment: Experiment, runs: Sequence[CellRuns], *, notes: Sequence[str] = (), commands: Sequence[str] = ()
) -> MatrixReport:
    """The report of what is complete. Pure, but for the facts of this machine."""
    found = tuple(cell_report(each, experiment.expect) for each in runs)
    complete = all(each.failure or len(each.done) >= experiment.repetitions for each in runs)
    passed = complete and all(cell.result == "pass" for cell in found)
    return MatrixReport(
        experiment=experiment.experiment,
        verdict="pass" if passed else "fail",
        complete=complete,
        repetitions=experiment.repetitions,
        cells=found,
        comparison=None,
        notes=tuple(notes),
        definition=definition(experiment),
        versions=versions(),
        environment=environment(),
        commands=tuple(commands),
    )


def definition(experiment: Experiment) -> str:
    """A hash of what is measured; not of where the file is, how often, with which cells, and what is expected of it."""
    fields = msgspec.to_builtins(experiment)
    for name in ("folder", "matrix", "repetitions", "expect"):
        del fields[name]
    return hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).hexdigest()[:16]


def cell_experiment(experiment: Experiment, cell: Cell) -> Experiment:
    """The experiment as one cell has it."""
    axes = cell.axes
    changes = {name: axes[name] for name in ("rps", "duration", "connections", "engine") if name in axes}
    load = msgspec.structs.replace(experiment.load, **changes)
    expect = experiment.expect
    if "replicas" in axes:
        expect = msgspec.structs.replace(expect, pods=int(axes["replicas"]))
    return msgspec.structs.replace(experiment, load=load, expect=expect)


@dataclass(slots=True)
class _Rounds:
    """One repetition of each cell after the other, and again."""

    experiment: Experiment
    runs: Sequence[CellRuns]
    sites: Sites
    watchers: MatrixWatchers
    stop: asyncio.Event

    async def run(self) -> None:
        begun, done = time.monotonic(), 0
        for repetition in range(1, self.experiment.repetitions + 1):
            for runs in self.runs:
                if self.stop.is_set():
                    return
                if runs.failure is not None:
                    continue
                left = self._left(repetition, runs)
                took_s = (time.monotonic() - begun) / done if done else self._planned_s(runs.cell)
                self.watchers.said(
                    f"{runs.cell.name}: repetition {repetition} of {self.experiment.repetitions}, "
                    f"{left} to go, about {_minutes(took_s * left)} left"
                )
                await self._repeat(runs)
                done += 1

    def _left(self, repetition: int, at: CellRuns) -> int:
        """Measurements still to be made, the one that begins included."""
        running = [each for each in self.runs if each.failure is None]
        later = sum(1 for each in running if each is at or len(each.done) < repetition)
        return later + len(running) * (self.experiment.repetitions - repetition)

    async def _repeat(self, runs: CellRuns) -> None:
        found = await unless(self.stop, self._measured(runs.cell))
        if isinstance(found, CouldNotRun):
            runs.failure = str(found)
            self.watchers.said(f"{runs.cell.name}: could not run: {found}")
        elif found is not None:
            runs.done.append(repetition_of(found))

    async def _measured(self, cell: Cell) -> Measured | CouldNotRun:
        experiment = cell_experiment(self.experiment, cell)
        context = cell.axes.get("context")
        watchers = Watchers(self.watchers.said, self.watchers.began(self._planned_s(cell)))
        try:
            site = await self.sites.of(None if context is None else str(context))
            return await site.measure(cell, experiment, watchers)
        except CouldNotRun as error:
            return error

    def _planned_s(self, cell: Cell) -> float:
        paths = (cell.path,) if cell.path is not None else ORDER
        load = cell_experiment(self.experiment, cell).load
        return engine_of(load.engine).turns(load.duration_s, paths).total_s


def repetition_of(measured: Measured) -> Repetition:
    """The figures and checks of one measurement."""
    paths, experiment = measured.measurement.paths, measured.experiment
    found = checks(paths, experiment.expect, measured.ready_pods, measured.measurement.weights)
    notes = [f"{name}: {note}" for name, path in paths.items() for note in path.notes]
    cpu, weights = measured.measurement.cpu, measured.measurement.weights
    return Repetition(of_paths(paths, experiment.load.duration_s, measured.memory, cpu, weights), found, notes)


def _minutes(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"
