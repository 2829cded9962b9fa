"""A gRPC server of grpcio with a method of every kind, and servers that are none: what `call` is compared on."""

import asyncio
import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc import error_details_pb2, status_pb2

from gatelab.call.elements import elements, extension_numbers
from gatelab.call.protoc import compile_protos
from gatelab.call.reflection_messages import reflection_messages
from gatelab.call.schema import Schema

PROTOS = Path(__file__).parent / "clients" / "grpcurl" / "protos"
VERSIONS = ("v1", "v1alpha")


def market_schema() -> Schema:
    return Schema(compile_protos([str(PROTOS / "market.proto"), str(PROTOS / "additions.proto")]))


@contextmanager
def market(
    schema: Schema,
    address: str,
    *,
    versions: tuple[str, ...] = VERSIONS,
    credentials: Any = None,
    extensions: bool = True,
) -> Iterator[int]:
    """A server at an address, with reflection of the given versions; yields its port. A path is a Unix socket.

    Without `extensions` its reflection refuses to be asked for them.
    """
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers(
        (_market(schema), *(_reflection(schema, version, extensions) for version in versions))
    )
    secure = credentials is not None
    port = server.add_secure_port(address, credentials) if secure else server.add_insecure_port(address)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(5)


def _market(schema: Schema) -> Any:
    receipt = schema.method("market.Market/Buy").response
    kinds = {
        "Buy": (grpc.unary_unary_rpc_method_handler, lambda order, context: _buy(receipt, order, context)),
        "Watch": (grpc.unary_stream_rpc_method_handler, lambda order, context: _watch(receipt, order, context)),
        "Collect": (
            grpc.stream_unary_rpc_method_handler,
            lambda orders, _: receipt(text=" ".join(order.name for order in orders)),
        ),
        "Talk": (
            grpc.stream_stream_rpc_method_handler,
            lambda orders, _: (receipt(text=order.name, number=number) for number, order in enumerate(orders)),
        ),
        "Show": (grpc.unary_unary_rpc_method_handler, lambda everything, _: everything),
        "Archive": (grpc.unary_unary_rpc_method_handler, lambda entry, _: entry),
    }
    handlers = {}
    for name, (make, answer) in kinds.items():
        method = schema.method(f"market.Market/{name}")
        handlers[name] = make(
            answer,
            request_deserializer=method.request.FromString,
            response_serializer=lambda each: each.SerializeToString(),
        )
    return grpc.method_handlers_generic_handler("market.Market", handlers)


def _buy(receipt: Any, order: Any, context: Any) -> Any:
    if order.name == "detailed":
        _abort_with_details(receipt, context)
    if order.fail:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, f"no <b>{order.name}</b>\nhere: ø")
    if order.name == "slow":
        threading.Event().wait(1.5)
    heard = [f"{key}={value!r}" for key, value in sorted(context.invocation_metadata()) if key.startswith("x-")]
    context.send_initial_metadata((("x-pod-name", "pod-1"), ("x-raw-bin", b"\x00\xff")))
    context.set_trailing_metadata((("x-till", "3"), ("x-till", "4")))
    return receipt(text=" ".join([f"{order.name} <paid>", *heard]), number=len(order.tags))


def _watch(receipt: Any, order: Any, context: Any) -> Iterator[Any]:
    for number in range(3):
        yield receipt(text=order.name, number=number)
    if order.fail:
        context.abort(grpc.StatusCode.ABORTED, "sold out")


def _abort_with_details(receipt: Any, context: Any) -> None:
    status = status_pb2.Status(code=9, message="see details")
    known, unknown, common = any_pb2.Any(), any_pb2.Any(), any_pb2.Any()
    known.Pack(receipt(text="why", number=7))
    unknown.type_url, unknown.value = "type.googleapis.com/nobody.Knows", b"\x08\x01"
    common.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2)))
    status.details.extend([known, unknown, common])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "see details")


def _reflection(schema: Schema, version: str, extensions: bool) -> Any:
    request_type, response_type = reflection_messages()
    symbols = {each.full_name: file for file in schema.files.values() for each in elements(file)}
    service = f"grpc.reflection.{version}.ServerReflection"

    def extending(extended: str, number: int) -> FileDescriptorProto | None:
        return next((f for f in schema.files.values() if number in extension_numbers([f], extended)), None)

    def answer(requests: Any, _: Any) -> Any:
        for request in requests:
            response: Any = response_type()
            name = request.file_by_filename or request.file_containing_symbol
            file = schema.files.get(name) or symbols.get(name)
            if request.HasField("file_containing_extension"):
                asked = request.file_containing_extension
                file = extending(asked.containing_type, asked.extension_number)
            if request.list_services:
                for each in ("market.Market", "market.Empty", service):
                    response.list_services_response.service.add(name=each)
            elif request.all_extension_numbers_of_type and not extensions:
                response.error_response.error_code = grpc.StatusCode.UNIMPLEMENTED.value[0]
            elif numbers := extension_numbers(schema.files.values(), request.all_extension_numbers_of_type):
                response.all_extension_numbers_response.extension_number.extend(sorted(numbers))
            elif file is None:
                response.error_response.error_code = 5
                response.error_response.error_message = "not found"
            else:
                response.file_descriptor_response.file_descriptor_proto.append(_without_source(file))
            yield response

    handler = grpc.stream_stream_rpc_method_handler(
        answer, request_deserializer=request_type.FromString, response_serializer=lambda each: each.SerializeToString()
    )
    return grpc.method_handlers_generic_handler(service, {"ServerReflectionInfo": handler})


def _without_source(file: FileDescriptorProto) -> bytes:
    """As servers have it: generated code holds no comments."""
    bare = FileDescriptorProto()
    bare.CopyFrom(file)
    bare.ClearField("source_code_info")
    return bare.SerializeToString()


@contextmanager
def speaking(host: str, first_words: bytes, *, stay: bool = False, reset: bool = False) -> Iterator[int]:
    """A port where something else answers: `first_words` to whatever comes; then silence, a reset, or the end."""

    class Stranger(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(64)
            if reset:
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.sendall(first_words)
            if stay:
                over.wait(20)

    over = threading.Event()
    with socketserver.ThreadingTCPServer((host, 0), Stranger) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            over.set()
            server.shutdown()
            thread.join(5)


@contextmanager
def without_alpn(host: str, behind: tuple[str, int], certificate: Path, key: Path) -> Iterator[int]:
    """TLS that chooses no protocol, in front of a plaintext server: what many proxies and old servers do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*behind)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, far_writer))
            group.create_task(_pump(far_reader, writer))

    async def serve() -> None:
        server = await asyncio.start_server(forward, host, 0, ssl=context)
        over = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), over, server.sockets[0].getsockname()[1]))
        async with server:
            await over.wait()

    ready: futures.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = futures.Future()
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    loop, over, port = ready.result(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
