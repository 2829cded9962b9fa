"""Calls against a server of another make: grpcio's, with handlers that need no generated code."""

from collections.abc import AsyncIterator, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from gatelab.call.invoke import Outcome, invoke
from gatelab.call.messages import requests
from gatelab.call.reflection import Reflection
from gatelab.call.reflection_messages import reflection_messages
from gatelab.call.schema import Schema
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.metadata import Metadata


class Heard:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.metadata: dict[str, Any] = {}

    def headers(self, metadata: Metadata) -> None:
        self.metadata = dict(metadata)

    async def message(self, message: Message, size: int) -> None:
        assert size == message.ByteSize()
        self.texts.append(message.text)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def server(shop: Schema) -> Iterator[int]:
    running = grpc.server(futures.ThreadPoolExecutor(4))
    running.add_generic_rpc_handlers((till(shop), *(reflection(shop, version) for version in ("v1alpha",))))
    port = running.add_insecure_port("127.28.0.1:0")
    running.start()
    yield port
    running.stop(None).wait(5)


def till(shop: Schema) -> Any:
    receipt = shop.method("shop.Till/Pay").response

    def pay(request: Any, context: Any) -> Any:
        if request.name == "thief":
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no thieves")
        context.send_initial_metadata((("x-pod-name", "pod-1"),))
        context.set_trailing_metadata((("x-till", "3"),))
        return receipt(text=f"{request.name} paid")

    def watch(request: Any, context: Any) -> Any:
        return (receipt(text=f"{request.name} {number}") for number in range(3))

    def collect(requests: Any, context: Any) -> Any:
        return receipt(text=" ".join(request.name for request in requests))

    def talk(requests: Any, context: Any) -> Any:
        return (receipt(text=request.name) for request in requests)

    kinds = {
        "Pay": (grpc.unary_unary_rpc_method_handler, pay),
        "Watch": (grpc.unary_stream_rpc_method_handler, watch),
        "Collect": (grpc.stream_unary_rpc_method_handler, collect),
        "Talk": (grpc.stream_stream_rpc_method_handler, talk),
    }
    request = shop.method("shop.Till/Pay").request
    handlers = {
        name: make(answer, request_deserializer=request.FromString, response_serializer=receipt.SerializeToString)
        for name, (make, answer) in kinds.items()
    }
    return grpc.method_handlers_generic_handler("shop.Till", handlers)


def reflection(shop: Schema, version: str) -> Any:
    request_type, response_type = reflection_messages()

    def answer(requests: Any, context: Any) -> Any:
        for request in requests:
            response: Any = response_type()
            files = [file for file in shop.files.values() if file.name == request.file_by_filename]
            if request.list_services:
                response.list_services_response.service.add(name="shop.Till")
            elif request.file_containing_symbol in ("shop.Till", "shop.Payment"):
                files = [file for file in shop.files.values() if file.package == "shop"]
            elif not files:
                response.error_response.error_code = 5
            for file in files:
                response.file_descriptor_response.file_descriptor_proto.append(file.SerializeToString())
            yield response

    handler = grpc.stream_stream_rpc_method_handler(
        answer, request_deserializer=request_type.FromString, response_serializer=lambda each: each.SerializeToString()
    )
    return grpc.method_handlers_generic_handler(
        f"grpc.reflection.{version}.ServerReflection", {"ServerReflectionInfo": handler}
    )


@pytest.fixture
async def channel(server: int) -> AsyncIterator[Channel]:
    opened = await Channel.connect("127.28.0.1", server, tls=None, authority="till.test", timeout_s=30)
    yield opened
    await opened.close()


async def called(channel: Channel, shop: Schema, name: str, text: str) -> tuple[Outcome, Heard]:
    method, heard = shop.method(f"shop.Till/{name}"), Heard()
    return await invoke(channel, method, requests(method, text), heard, timeout_s=30), heard


@pytest.mark.parametrize(
    ("name", "text", "answers"),
    [
        ("Pay", '{"name": "a"}', ["a paid"]),
        ("Watch", '{"name": "a"}', ["a 0", "a 1", "a 2"]),
        ("Collect", '{"name": "a"}{"name": "b"}', ["a b"]),
        ("Talk", '{"name": "a"}{"name": "b"}', ["a", "b"]),
        ("Talk", "", []),
    ],
)
async def test_the_four_kinds(channel: Channel, shop: Schema, name: str, text: str, answers: list[str]) -> None:
    outcome, heard = await called(channel, shop, name, text)
    assert heard.texts == answers
    assert (outcome.status.code, outcome.received) == (0, len(answers))


async def test_metadata_is_told(channel: Channel, shop: Schema) -> None:
    outcome, heard = await called(channel, shop, "Pay", '{"name": "a"}')
    assert heard.metadata["x-pod-name"] == "pod-1"
    assert ("x-till", "3") in outcome.trailers


async def test_a_status_is_an_outcome(channel: Channel, shop: Schema) -> None:
    outcome, heard = await called(channel, shop, "Pay", '{"name": "thief"}')
    assert (outcome.status.code, outcome.status.details, heard.texts) == (7, "no thieves", [])


async def test_reflection_gives_the_schema(channel: Channel) -> None:
    asked = Reflection(channel, timeout_s=30)
    assert await asked.services() == ["shop.Till"]
    found = await asked.schema_of_method("shop.Till/Pay")
    assert found.message("google.protobuf.Timestamp").name == "Timestamp"
    assert found.method("shop.Till.Pay").request.DESCRIPTOR.full_name == "shop.Payment"
