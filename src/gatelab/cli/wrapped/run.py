"""What `gatelab k6` and `gatelab ghz` do once their options are read."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from gatelab.cli.exit_codes import FAILED, NOT_EXECUTABLE, NOT_EXECUTED, NOT_FOUND, OK
from gatelab.cli.experiment.output import WIDTH
from gatelab.cli.labs import facts_of, lab_of, place_of
from gatelab.cli.targets import kubeconfig, split_address
from gatelab.cli.terminal import columns
from gatelab.cli.wrapped.output import text_of
from gatelab.cli.wrapped.process import Ended, run_to_end
from gatelab.cli.wrapped.programs import WrappedProgram
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.experiment.environment import environment, versions
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.passage.figures import PassageExpectation
from gatelab.experiment.passage.report import PassageReport, ProgramReport
from gatelab.experiment.passage.rules import gateway_report, rule_reports
from gatelab.experiment.passage.verdict import checks, verdict
from gatelab.experiment.passage.watch import GatewayWatch, Seen, Wanted
from gatelab.experiment.place import Place
from gatelab.experiment.resolution import locate
from gatelab.kinds.errors import ApiError
from gatelab.kinds.objects import Key
from gatelab.node.errors import LabError


@dataclass(frozen=True, slots=True)
class WrappedOptions:
    """gatelab's own. `spread` is a part of 1, None where the bound is left to gatelab."""

    lab: str | None
    gateways: tuple[Key, ...]
    services: tuple[str, ...]
    expectations: tuple[PassageExpectation, ...]
    spread: float | None
    confidence: float
    report: Path | None
    format: str


@dataclass(frozen=True, slots=True)
class _Run:
    ended: Ended
    elapsed_s: float
    seen: Sequence[Seen]


def run_wrapped(program: WrappedProgram, arguments: Sequence[str], options: WrappedOptions) -> int:
    """The exit code: the program's unless that is 0, else the verdict's."""
    path = program.find()
    if path is None:
        return _said(NOT_FOUND, program.missing.rstrip())
    if not program.sends_load(arguments):
        return _become(path, arguments)
    try:
        file, lab = _where(options.lab)
        command = [path, *arguments] if lab is None else _in_lab(lab, path, arguments)
        done = asyncio.run(_watched(file, command, program.target(arguments), options))
    except (CouldNotRun, KubeconfigError, LabError) as error:
        return _said(NOT_EXECUTED, str(error))
    if done.ended.exit_code in (NOT_EXECUTED, NOT_EXECUTABLE, NOT_FOUND):
        return done.ended.exit_code  # why has been said, maybe by `gatelab exec`
    report = _report(program.name, done, options)
    _write(report, options)
    return done.ended.exit_code or (FAILED if report.verdict == "fail" else OK)


def _where(lab: str | None) -> tuple[Path, str | None]:
    """The kubeconfig, and the lab whose names the program gets: none where $KUBECONFIG is another cluster's."""
    if lab is not None:
        facts_of(place_of(lab))
        return place_of(lab).kubeconfig, lab
    file = kubeconfig()
    if file is None:
        raise LabError("no cluster: start a lab with `gatelab up --detach`, or set KUBECONFIG")
    name = lab_of(file)
    if name is not None:
        facts_of(place_of(name))
    return file, name


def _in_lab(lab: str, path: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "gatelab", "exec", "--name", lab, "--", path, *arguments]


async def _watched(file: Path, command: Sequence[str], target: str, options: WrappedOptions) -> _Run:
    async with RemoteCluster.connect(file) as cluster:
        watch = GatewayWatch(cluster, cluster)
        await watch.begin(Wanted(options.gateways, options.services), await _place(target, cluster))
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            sampling = tasks.create_task(watch.keep_sampling())
            try:
                ended = await run_to_end(command, os.environ)
            finally:
                sampling.cancel()
        elapsed_s = time.monotonic() - began
        return _Run(ended, elapsed_s, await watch.finish())


async def _place(target: str, cluster: RemoteCluster) -> Place | None:
    """Where `host:port` is. What cannot be one the program will complain about."""
    try:
        return await locate(split_address(target, default_port=443)[0], cluster) if target else None
    except (ApiError, click.UsageError):
        return None


def _report(name: str, done: _Run, options: WrappedOptions) -> PassageReport:
    rules = [
        rule for each in done.seen for rule in rule_reports(each, bound=options.spread, confidence=options.confidence)
    ]
    gateways = [gateway_report(each) for each in done.seen]
    forgives = any(each.speaks_of_errors for each in options.expectations)
    found = (
        *checks(gateways, rules, forgives_errors=forgives),
        *(each.check(gateways, rules) for each in options.expectations),
    )
    ended = done.ended
    return PassageReport(
        program=ProgramReport(
            name=name,
            exit_code=ended.exit_code,
            elapsed_s=round(done.elapsed_s, 3),
            interrupted_by=ended.interrupted_by,
        ),
        verdict=verdict(found, spread_matters=options.spread is not None),
        checks=found,
        rules=tuple(rules),
        gateways=tuple(gateways),
        versions=versions(),
        environment=environment(),
    )


def _write(report: PassageReport, options: WrappedOptions) -> None:
    """To stderr: stdout is the program's."""
    document = msgspec.json.encode(report)
    if options.report is not None:
        try:
            options.report.write_bytes(document + b"\n")
        except OSError as error:
            click.echo(f"Error: --report {options.report}: {error.strerror}", err=True)
    width = columns(sys.stderr)
    shown = text_of(report, colours=width is not None, width=width or WIDTH)
    click.echo(document.decode() if options.format == "json" else shown, err=True)


def _become(path: str, arguments: Sequence[str]) -> int:
    """Help, versions and the like need no lab."""
    try:
        os.execv(path, [path, *arguments])
    except OSError as error:
        return _said(NOT_EXECUTABLE, f"{path} cannot be run: {error.strerror}")


def _said(code: int, message: str) -> int:
    click.echo(f"Error: {message}", err=True)
    return code
