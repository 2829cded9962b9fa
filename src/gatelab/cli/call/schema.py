"""Where `gatelab call` has its schema from, and the files that it writes of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from gatelab.call.errors import CallError
from gatelab.call.json_text import to_json
from gatelab.call.messages import Format
from gatelab.call.schema import Schema
from gatelab.call.sources import Both, Files, Source, learn_types
from gatelab.cli.call.headers import expanded, metadata_of
from gatelab.cli.call.options import Options
from gatelab.grpc_wire.channel import Channel


@dataclass(frozen=True, slots=True)
class Schemas:
    source: Source

    @classmethod
    def of(cls, options: Options, schema: Schema | None, channel: Channel | None) -> "Schemas":
        files = Files(schema) if schema is not None else None
        if channel is None or not options.asks_server:
            assert files is not None
            return cls(files)
        from gatelab.call.reflection import Reflection

        metadata = metadata_of((*options.header, *options.reflect_header))
        server = Reflection(channel, metadata=metadata, timeout_s=options.max_time or options.connect_timeout_s)
        return cls(server if files is None else Both(server, files))


def files_of(options: Options) -> Schema | None:
    """What -proto or -protoset name; None without them. Raises CallError."""
    from gatelab.call.protoc import compile_protos, read_protosets

    if options.proto:
        with failing("Failed to process proto source files."):
            return Schema(compile_protos(options.proto, options.import_path))
    if options.protoset:
        with failing("Failed to process proto descriptor sets."):
            return Schema(read_protosets(options.protoset))
    return None


def with_expanded_headers(options: Options) -> Options:
    """With -expand-headers, `${NAME}` is replaced. Raises CallError."""
    if not options.expand_headers:
        return options
    return replace(
        options,
        header=expanded(options.header, "additional"),
        rpc_header=expanded(options.rpc_header, "rpc"),
        reflect_header=expanded(options.reflect_header, "reflection"),
    )


@contextmanager
def failing(what: str) -> Iterator[None]:
    """Puts what was wanted before why it cannot be had, as grpcurl does."""
    try:
        yield
    except CallError as error:
        raise CallError(f"{what}: {error}") from error


async def template_text(schemas: Schemas, schema: Schema, name: str, data_format: Format) -> str:
    """A request to fill in."""
    from gatelab.call.template import fill
    from gatelab.call.text_format import to_text

    await learn_types(schemas.source, schema, {"google.protobuf.Empty"})
    message = message_factory.GetMessageClass(schema.message(name))()
    fill(message, schema.pool)
    return to_text(message) if data_format == "text" else to_json(message, schema.pool, emit_defaults=True)


async def write_out(options: Options, schemas: Schemas, symbols: Sequence[str]) -> None:
    """-protoset-out and -proto-out-dir: the files that define `symbols`, with all they import. Raises CallError."""
    if not options.protoset_out and not options.proto_out_dir:
        return
    merged = Schema(())
    what = f"protoset to {options.protoset_out}" if options.protoset_out else f"protos to {options.proto_out_dir}"
    for symbol in symbols:
        with failing(f'Failed to write {what}: failed to find descriptor for "{symbol}"'):
            merged.include(await schemas.source.schema_of(symbol))
    files = merged.files_of(symbols)
    if options.protoset_out:
        _write_protoset(options.protoset_out, files)
    if options.proto_out_dir:
        _write_protos(options.proto_out_dir, files, merged)


def _write_protoset(where: str, files: Sequence[FileDescriptorProto]) -> None:
    with _writing("protoset", where):
        Path(where).write_bytes(FileDescriptorSet(file=files).SerializeToString())


def _write_protos(folder: str, files: Sequence[FileDescriptorProto], schema: Schema) -> None:
    from gatelab.call.proto_file import file_text

    with _writing("protos", folder):
        for file in files:
            target = _inside(folder, file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file_text(file, schema.pool))


@contextmanager
def _writing(what: str, where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CallError(f"Failed to write {what} to {where}: {error.strerror}: {error.filename}") from error


def _inside(folder: str, name: str) -> Path:
    """The name comes from a server: it must not lead out of the folder. Raises CallError."""
    if name.startswith("/") or ".." in Path(name).parts:
        raise CallError(f'Failed to write protos to {folder}: the name "{name}" leads out of the directory')
    return Path(folder, name)
