"""A load plan from the options: what ghz would refuse is refused, and what would mislead."""

import ssl
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import click

from gatelab.call.errors import DataError
from gatelab.call.protoc import compile_protos, read_protosets
from gatelab.call.schema import Method, Schema
from gatelab.cli.live.progress import LoadProgress
from gatelab.cli.load.options import Options, string_map
from gatelab.cli.load.requests import Pairs, Source, metadata_of, metadata_pairs, payload_of
from gatelab.cli.load.template import CallData
from gatelab.cli.targets import TlsOptions, authority_of
from gatelab.experiment.place import Place
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.metadata import encoded_metadata
from gatelab.grpc_wire.transport import Alpn
from gatelab.load import Arrivals, Callers, LoadPlan, Poisson, Recipe, Schedule, StreamPlan

DETAILS_AT_MOST: Final = 1_000_000
_WITH_DETAILS: Final = frozenset({"csv", "json", "pretty", "html", "influx-details"})
_FOREVER_S: Final = 3600.0
_UNBOUNDED: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes."""

    place: Place
    host: str
    port: int


async def plan_of(options: Options, target: Target, progress: LoadProgress) -> LoadPlan:
    """Raises CallError, ConnectError when only the server knows the schema, and click.UsageError."""
    place, processes = target.place, options.processes
    tls_options = TlsOptions(options.insecure, options.skip_tls, options.cacert, options.cert, options.key)
    tls = tls_options.context(place)
    address = options.host.removeprefix("dns:///")
    authority = authority_of(
        address, authority=options.authority, server_name=options.cname, plaintext=options.insecure
    )
    schema = _schema_from_files(options) or await _schema_of_server(options, target, tls, authority)
    method = schema.method(options.call)
    try:
        return LoadPlan(
            host=target.host,
            port=place.port(target.port),
            address=place.address,
            path=method.path,
            tls=tls if processes == 1 else tls_options.recipe(place),
            authority=authority,
            server_name=options.cname,
            alpn=cast("Alpn", options.alpn),
            engine=cast('Literal["native", "grpcio"]', options.engine),
            credentials=tls_options.credentials(place) if options.engine == "grpcio" else None,
            connections=options.connections,
            workers=processes,
            warm_up_s=options.warm_up,
            connect_timeout_s=options.connect_timeout,
            on_progress=progress,
            **_amount(options),
            **_requests(options, schema, method),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _amount(options: Options) -> dict[str, Any]:
    """How many calls, how fast, how many at once, how long."""
    if options.connections > options.concurrency:
        raise ValueError(
            f"number of connections ({options.connections}) must be at least 1 and not greater than "
            f"concurrency ({options.concurrency})"
        )
    timeout_s = options.timeout or _FOREVER_S
    return {
        "rps": options.rps if options.load_schedule in ("const", "poisson") else 0,
        "schedule": schedule_of(options),
        "total": None if options.duration else options.total,
        "duration_s": options.total_s or None,
        "concurrency": _UNBOUNDED if options.async_ else options.concurrency,
        "callers": _callers(options),
        "timeout_s": timeout_s,
        "drain_s": timeout_s,
        "at_end": cast('Literal["wait", "close", "ignore"]', options.duration_stop.lower()),
        "skip_first": options.skip_first,
        "count_errors": options.count_errors,
        "details_at_most": DETAILS_AT_MOST if options.format in _WITH_DETAILS or options.debug else 0,
        "keepalive_s": options.keepalive,
        "gzip": options.enable_compression,
        "max_send_bytes": options.max_send_message_size,
        "max_receive_bytes": options.max_recv_message_size,
    }


def schedule_of(options: Options) -> Arrivals | None:
    match options.load_schedule:
        case "step":
            return Schedule.step(
                start=options.load_start,
                step=options.load_step,
                step_s=options.load_step_duration,
                end=options.load_end,
                max_s=options.load_max_duration,
            )
        case "line":
            return Schedule.line(
                start=options.load_start,
                slope=options.load_step,
                end=options.load_end,
                max_s=options.load_max_duration,
            )
        case "poisson":
            return Poisson(options.rps)
    return Schedule.constant(options.rps) if options.rps else None


def _callers(options: Options) -> Callers | None:
    if options.concurrency_schedule == "const":
        return None
    return Callers(
        start=options.concurrency_start,
        step=options.concurrency_step,
        step_s=1.0 if options.concurrency_schedule == "line" else options.concurrency_step_duration,
        end=options.concurrency_end,
        max_s=options.concurrency_max_duration,
    )


def _requests(options: Options, schema: Schema, method: Method) -> dict[str, Any]:
    """What is sent: made once where all calls send the same."""
    payload, metadata = payload_of(options, method), metadata_of(options)
    template = metadata if metadata is not None and metadata.has_actions else None
    source = Source(
        method,
        payload,
        template,
        name=options.name,
        count=options.stream_call_count,
        dynamic=options.stream_dynamic_messages,
    )
    first = CallData(0, "g0c0", source.facts)
    # What cannot work is found before the first call.
    messages = [payload.message(number, first) for number in range(len(payload))]
    pairs = _sendable(metadata_pairs(metadata.render(first))) if metadata is not None else ()
    changing = len(payload) > 1 or payload.has_actions or template is not None or method.client_streaming
    made: Source | Recipe = source
    if options.processes > 1:
        from gatelab.cli.load.recipe import recipe_of

        made = recipe_of(options, schema, method, payload, template)
    return {
        "metadata": pairs,
        "message": messages[0],
        "source": made if changing else None,
        "stream": _stream(options, method),
    }


def _sendable(pairs: Pairs) -> Pairs:
    """Raises DataError for what HTTP/2 cannot carry, or is gRPC's own."""
    try:
        encoded_metadata(pairs)
    except ValueError as error:
        raise DataError(str(error)) from error
    return pairs


def _stream(options: Options, method: Method) -> StreamPlan | None:
    if not method.client_streaming and not method.server_streaming:
        if options.stream_dynamic_messages:
            raise DataError(f'"{method.full_name}" is a unary RPC: --stream-dynamic-messages is for client streams')
        return None
    return StreamPlan(
        client_streaming=method.client_streaming,
        server_streaming=method.server_streaming,
        interval_s=options.stream_interval,
        call_duration_s=options.stream_call_duration,
        receive_count=0 if method.client_streaming else options.stream_call_count,
    )


async def _schema_of_server(options: Options, target: Target, tls: ssl.SSLContext | None, authority: str) -> Schema:
    """By reflection, on a connection of its own."""
    from gatelab.call.reflection import Reflection

    pairs = _sendable(tuple(string_map(options.reflect_metadata, "--reflect-metadata").items()))
    channel = await Channel.connect(
        target.place.address,
        target.place.port(target.port),
        tls=tls,
        authority=authority,
        server_name=options.cname,
        timeout_s=options.connect_timeout,
        alpn=cast("Alpn", options.alpn),
    )
    try:
        reflection = Reflection(channel, metadata=pairs, timeout_s=options.connect_timeout)
        return await reflection.schema_of_method(options.call)
    finally:
        await channel.close()


def _schema_from_files(options: Options) -> Schema | None:
    """None means: ask the server."""
    paths = [path for path in (options.import_paths or "").split(",") if path]
    if options.proto:
        return Schema(compile_protos([options.proto], paths))
    return Schema(read_protosets([options.protoset])) if options.protoset else None
