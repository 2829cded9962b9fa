"""What `gatelab load` does once its options are read."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatelab.call.errors import CallError
from gatelab.cli.call.hints import hints_of, load_hint
from gatelab.cli.exit_codes import SIGNAL_OFFSET
from gatelab.cli.live.progress import Display, LoadProgress
from gatelab.cli.load.contradictions import check
from gatelab.cli.load.document import document, shown_options
from gatelab.cli.load.options import Options, string_map
from gatelab.cli.load.output import summary
from gatelab.cli.load.plan import Target, plan_of
from gatelab.cli.targets import dial_failure, find, split_address
from gatelab.grpc_wire.errors import ConnectError
from gatelab.load import LoadPlan, LoadResult, WorkerError, loop_factory, run_interruptible
from gatelab.spread import Spread, measure

if TYPE_CHECKING:
    from gatelab.cli.load.expectations import Expectation, Finding


def run(options: Options) -> int:
    """The exit code."""
    try:
        check(options)
        expectations = _expectations(options)
        _try_to_write(path for path in (options.output, options.debug) if path)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(options, expectations))


def _expectations(options: Options) -> "Sequence[Expectation]":
    """Raises ValueError."""
    if not options.expect:
        return ()
    from gatelab.cli.load.expectations import Expectation

    return [Expectation.parse(text) for text in options.expect]


async def _run(options: Options, expectations: "Sequence[Expectation]") -> int:
    host, port = split_address(options.host.removeprefix("dns:///"))
    stopped: list[int] = []
    display = Display(quiet=options.quiet)
    total = 0 if options.duration else options.total
    progress = LoadProgress(display, options.name or "", duration_s=options.duration, total=total)
    try:
        place = await find(host)
        plan = await plan_of(options, Target(place, host, port), progress)
        result = _as_ghz_ends(await run_interruptible(plan, told=stopped.append), plan)
    except ConnectError as error:
        display.clear()
        click.echo(dial_failure(options.host, error, place, named="--cname", unverified="--skipTLS"), err=True)
        _hint(options, error)
        return _code(1, stopped)
    except (CallError, WorkerError) as error:
        click.echo(str(error), err=True)
        _hint(options, error)
        return 1
    display.clear()
    spread = measure(result.pods)
    findings = [each.judge(result, spread) for each in expectations]
    _write(options, plan, result, spread, findings)
    for sentence in hints_of(result.error_messages):
        click.echo(f"Hint: {sentence}", err=True)
    return _code(_verdict(result, expectations, findings), stopped)


def _hint(options: Options, error: Exception) -> None:
    if (sentence := load_hint(error, tls=not options.insecure, certificate=bool(options.cert))) is not None:
        click.echo(f"Hint: {sentence}", err=True)


def _code(code: int, stopped: Sequence[int]) -> int:
    """That of the shell for a program which a signal has ended, if one has."""
    return SIGNAL_OFFSET + stopped[0] if stopped else code


def _verdict(result: LoadResult, expectations: "Sequence[Expectation]", findings: "Sequence[Finding]") -> int:
    failed = [each for each in findings if not each.met]
    for each in failed:
        click.echo(f"expectation not met: {each.text} (it is {each.value})", err=True)
    forgiven = any(each.speaks_of_errors for each in expectations)
    right = result.count and not result.incomplete and not failed
    return 0 if right and (forgiven or not result.errors) else 1


def _as_ghz_ends(result: LoadResult, plan: LoadPlan) -> LoadResult:
    """ghz's reason is `timeout` wherever the duration ended the run, and not the number of calls."""
    by_time = plan.total is None or result.count + plan.skip_first < plan.total
    return replace(result, end_reason="timeout") if result.end_reason == "normal" and by_time else result


def _write(options: Options, plan: LoadPlan, result: LoadResult, spread: Spread, findings: "Sequence[Finding]") -> None:
    shown = shown_options(options, {name: str(value) for name, value in plan.metadata})
    if options.debug:
        from gatelab.cli.load.debug import write_debug

        _save(options.debug, write_debug(shown, result))
    if options.format == "summary":
        text = summary(result, spread, name=options.name, findings=findings)
    else:
        tags = string_map(options.tags, "--tags")
        report = document(result, spread, shown, name=options.name, tags=tags, findings=findings)
        text = _formatted(options.format, report)
    if options.output:
        _save(options.output, text)
    else:
        click.echo(text)


def _formatted(kind: str, report: Mapping[str, Any]) -> str:
    if kind in ("json", "pretty"):
        return json.dumps(report, indent=2 if kind == "pretty" else None)
    if kind == "html":
        from gatelab.cli.load.html import html_page

        return html_page(report)
    from gatelab.cli.load.tables import csv_table, influx_details, influx_summary, prometheus

    tables = {
        "csv": csv_table,
        "influx-summary": influx_summary,
        "influx-details": influx_details,
        "prometheus": prometheus,
    }
    return tables[kind](report).removesuffix("\n")


def _try_to_write(paths: Iterable[str]) -> None:
    """Before the run, for afterwards it would be in vain. Raises click.UsageError."""
    for path in paths:
        try:
            with Path(path.strip()).open("a", encoding="utf-8"):
                pass
        except OSError as error:
            raise click.UsageError(f"could not write {path}: {error.strerror}") from error


def _save(path: str, text: str) -> None:
    """What cannot be written after all, to a disk that is full, is shown instead."""
    try:
        Path(path.strip()).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        click.echo(text)
        click.echo(f"could not write {path}: {error.strerror}; it is on stdout", err=True)
