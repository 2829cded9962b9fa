"""What `gatelab load` does once its options are read."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gatelab.call.errors import CallError, DataError, SchemaError
from gatelab.call.messages import documents, parse
from gatelab.call.protoc import compile_protos, read_protosets
from gatelab.call.reflection import Reflection
from gatelab.call.schema import Method, Schema
from gatelab.cli.load_options import Options
from gatelab.cli.load_output import document, summary
from gatelab.cli.progress import ProgressLine
from gatelab.cli.targets import TlsOptions, authority_of, dial_failure, find, split_address
from gatelab.experiment.resolution import Place
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import ConnectError
from gatelab.load import LoadPlan, LoadResult, loop_factory, run_interruptible
from gatelab.spread import measure


def run(options: Options) -> int:
    """The exit code."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(options))


async def _run(options: Options) -> int:
    host, port = split_address(options.host)
    progress = ProgressLine(options.name or "")
    try:
        place = await find(host)
        plan = await _plan(options, place, host, port, progress)
        _say_what_is_ignored(options)
        result = await run_interruptible(plan)
    except ConnectError as error:
        click.echo(dial_failure(options.host, error, place), err=True)
        return 1
    except CallError as error:
        click.echo(str(error), err=True)
        return 1
    progress.clear()
    _write(options, result)
    return 0 if result.count and not result.errors else 1


async def _plan(options: Options, place: Place, host: str, port: int, progress: ProgressLine) -> LoadPlan:
    tls = TlsOptions(options.insecure, options.skip_tls, options.cacert, options.cert, options.key).context(place)
    authority = authority_of(
        options.host, authority=options.authority, server_name=options.cname, plaintext=options.insecure
    )
    schema = _schema_from_files(options)
    if schema is None:
        channel = await Channel.connect(
            place.address,
            place.port(port),
            tls=tls,
            authority=authority,
            server_name=options.cname,
            timeout_s=options.connect_timeout,
        )
        try:
            schema = await Reflection(channel, timeout_s=options.connect_timeout).schema_of_method(options.call)
        finally:
            await channel.close()
    method = _unary(schema.method(options.call))
    try:
        return LoadPlan(
            host=host,
            port=place.port(port),
            address=place.address,
            path=method.path,
            message=_message(options, method),
            tls=tls,
            authority=authority,
            server_name=options.cname,
            rps=options.rps,
            total=None if options.duration else options.total,
            duration_s=options.duration or options.max_duration or None,
            connections=options.connections,
            concurrency=options.concurrency,
            timeout_s=options.timeout,
            connect_timeout_s=options.connect_timeout,
            metadata=_metadata(options.metadata),
            on_progress=progress,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _schema_from_files(options: Options) -> Schema | None:
    """None means: ask the server."""
    if options.proto and options.protoset:
        raise click.UsageError("give --proto or --protoset, not both")
    paths = [path for path in (options.import_paths or "").split(",") if path]
    if options.proto:
        return Schema(compile_protos([options.proto], paths))
    return Schema(read_protosets([options.protoset])) if options.protoset else None


def _unary(method: Method) -> Method:
    if method.client_streaming or method.server_streaming:
        raise SchemaError(f'"{method.full_name}" is a streaming RPC: load is put on unary methods only')
    return method


def _message(options: Options, method: Method) -> bytes:
    """The request, encoded. An array of one is that one, as in ghz."""
    text = _data(options)
    if "{{" in text:
        raise DataError("templates ({{ … }}) are not supported in --data: every call sends the same request")
    values = list(documents(text)) or [{}]
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if len(values) != 1:
        raise DataError(f"--data holds {len(values)} messages: every call sends the same one")
    return parse(method, values[0]).SerializeToString()


def _data(options: Options) -> str:
    if options.data_file is not None:
        if options.data is not None:
            raise click.UsageError("give --data or --data-file, not both")
        try:
            return Path(options.data_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"could not read --data-file {options.data_file}: {error}") from error
    return sys.stdin.read() if options.data == "@" else options.data or ""


def _metadata(text: str | None) -> tuple[tuple[str, str], ...]:
    try:
        values = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise click.UsageError(f"--metadata is not JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise click.UsageError('--metadata is a JSON object of strings, such as {"x-tag": "a"}')
    return tuple((name.lower(), value) for name, value in values.items())


def _say_what_is_ignored(options: Options) -> None:
    if options.skip_first:
        click.echo("note: --skipFirst is not applied: every call counts", err=True)
    if options.count_errors:
        click.echo("note: --count-errors is not applied: latencies are those of successful calls", err=True)


def _write(options: Options, result: LoadResult) -> None:
    spread = measure(result.pods)
    if options.format == "summary":
        text = summary(result, spread, name=options.name)
    else:
        indent = 2 if options.format == "pretty" else None
        text = json.dumps(document(result, spread, _shown(options), name=options.name), indent=indent)
    if options.output:
        Path(options.output).write_text(f"{text}\n", encoding="utf-8")
    else:
        click.echo(text)


def _shown(options: Options) -> Mapping[str, Any]:
    """The options under ghz's names, durations in nanoseconds, without what was not given. Data and keys stay out."""
    renamed = {"import_paths": "import-paths", "connect_timeout": "dial-timeout", "cpus": "CPUs"}
    named = {"skip_first": "skipFirst", "count_errors": "count-errors", "skip_tls": "skipTLS", "cname": "cname"}
    private = {"data", "data_file", "metadata", "output", "key", "cert"}
    return {
        (renamed | named).get(name, name.replace("_", "-")): round(value * 1e9) if name in _DURATIONS else value
        for name, value in asdict(options).items()
        if name not in private and value not in (None, 0, False, "")
    }


_DURATIONS = frozenset({"duration", "max_duration", "timeout", "connect_timeout"})
