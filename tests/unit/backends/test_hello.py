"""The hello image, called by grpcio as any client would."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

import gatelab.backends.hello
import gatelab.grpc_wire.protos
from gatelab.backends.hello.service import HelloServer
from gatelab.backends.hello.settings import Settings
from gatelab.grpc_wire import Channel, StatusCode
from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.http2 import GoAwayReceived, client_connection
from gatelab.grpc_wire.metadata import request_block
from gatelab.grpc_wire.protos import descriptor_sets
from gatelab.grpc_wire.protowire import chunk, fields, number

SEND = "/greetings.GreetMe/Send"


def request(name: str, delay_ms: int = 0) -> bytes:
    return chunk(1, name) + number(2, 3) + number(3, delay_ms)


def send(channel: grpc.Channel, message: bytes) -> tuple[bytes, Any]:
    return channel.unary_unary(SEND).with_call(message, timeout=30)  # type: ignore[no-any-return]


def test_greets_and_says_which_pod_it_is(start_hello: Any) -> None:
    hello = start_hello(HELLO_GRPC_REQUEST_DELAY="0")
    with grpc.insecure_channel(hello.target) as channel:
        reply, call = send(channel, request("Bittrance"))
        assert list(fields(reply)) == [(1, b"Hello Bittrance!")]
        assert dict(call.initial_metadata()) == {"x-pod-name": "hello-1", "x-node-name": "gatelab"}
        assert list(fields(send(channel, b"")[0])) == [(1, b"Hello !")]
        long_name = "Ünïcode" * 10_000
        assert send(channel, request(long_name))[0] == chunk(1, f"Hello {long_name}!")


@pytest.mark.parametrize(("default", "delay_ms", "expected_s"), [("0.2", 0, 0.2), ("30", 30, 0.03), ("0", 30, 0.03)])
def test_waits_as_told_and_never_less(start_hello: Any, default: str, delay_ms: int, expected_s: float) -> None:
    hello = start_hello(HELLO_GRPC_REQUEST_DELAY=default)
    with grpc.insecure_channel(hello.target) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
        begun = time.monotonic()
        send(channel, request("x", delay_ms))
        assert expected_s <= time.monotonic() - begun < 25


@pytest.mark.parametrize("message", [b"\x0a\x05abc", b"\x0a\x01\xff", b"\x08\x01", b"\x1a\x00", b"\xff" * 12, b"\x0b"])
def test_a_broken_request_is_an_error_in_words(start_hello: Any, message: bytes) -> None:
    hello = start_hello(HELLO_GRPC_REQUEST_DELAY="0")
    with grpc.insecure_channel(hello.target) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            send(channel, message)
        assert caught.value.code() == grpc.StatusCode.INTERNAL
        assert caught.value.details().startswith("GreetRequest: ")
        send(channel, request("still here"))


def test_an_unknown_method_is_unimplemented(start_hello: Any) -> None:
    hello = start_hello()
    with grpc.insecure_channel(hello.target) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/greetings.GreetMe/Sing")(b"", timeout=30)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert caught.value.details() == "unknown method /greetings.GreetMe/Sing"


def test_debug_logs_every_request(start_hello: Any) -> None:
    hello = start_hello(HELLO_GRPC_REQUEST_DELAY="0", HELLO_GRPC_DEBUG="1")
    with grpc.insecure_channel(hello.target) as channel:
        send(channel, request("Bittrance", 1))
    assert hello.terminate() == 0
    assert "GreetRequest(name='Bittrance', delay_ms=1)" in hello.log()


def health_classes() -> Any:
    pool = descriptor_pool.DescriptorPool()
    for data in descriptor_sets():
        for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
            pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def test_health_check_and_list(start_hello: Any) -> None:
    message = health_classes()
    ask, answer = message("grpc.health.v1.HealthCheckRequest"), message("grpc.health.v1.HealthCheckResponse")
    hello = start_hello()
    with grpc.insecure_channel(hello.target) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", ask.SerializeToString, answer.FromString)
        assert check(ask(), timeout=30).status == 1
        assert check(ask(service="greetings.GreetMe"), timeout=30).status == 1
        with pytest.raises(grpc.RpcError) as caught:
            check(ask(service="nope"), timeout=30)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        listing = message("grpc.health.v1.HealthListResponse")
        states = channel.unary_unary("/grpc.health.v1.Health/List", None, listing.FromString)(b"", timeout=30)
        assert {name: state.status for name, state in states.statuses.items()} == {"": 1, "greetings.GreetMe": 1}


def test_whoever_watches_health_hears_of_the_end(start_hello: Any) -> None:
    hello = start_hello()
    with grpc.insecure_channel(hello.target) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=40)
        assert next(watch) == b"\x08\x01"
        hello.process.terminate()
        assert next(watch) == b"\x08\x02"
        watch.cancel()
    assert hello.process.wait(timeout=40) == 0


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_and_describes(start_hello: Any, version: str) -> None:
    message = health_classes()
    ask = message(f"grpc.reflection.{version}.ServerReflectionRequest")
    answer = message(f"grpc.reflection.{version}.ServerReflectionResponse")
    hello = start_hello()
    with grpc.insecure_channel(hello.target) as channel:
        talk = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            ask.SerializeToString,
            answer.FromString,
        )
        questions = [
            ask(list_services="*"),
            ask(file_containing_symbol="greetings.GreetMe.Send"),
            ask(file_containing_symbol=f"grpc.reflection.{version}.ErrorResponse"),
            ask(file_by_filename="health.proto"),
            ask(file_containing_symbol="no.Such"),
            ask(all_extension_numbers_of_type="greetings.GreetRequest"),
        ]
        listed, greetings, own, by_name, missing, extensions = talk(iter(questions), timeout=30)
    assert [s.name for s in listed.list_services_response.service] == [
        "greetings.GreetMe",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]
    assert listed.original_request.list_services == "*"
    for response, package in (
        (greetings, "greetings"),
        (own, f"grpc.reflection.{version}"),
        (by_name, "grpc.health.v1"),
    ):
        (data,) = response.file_descriptor_response.file_descriptor_proto
        assert descriptor_pb2.FileDescriptorProto.FromString(data).package == package
    assert (missing.error_response.error_code, missing.error_response.error_message) == (
        5,
        "symbol not found: no.Such",
    )
    assert extensions.all_extension_numbers_response.base_type_name == "greetings.GreetRequest"


async def test_sigterm_lets_calls_in_flight_finish(start_hello: Any) -> None:
    hello = start_hello()
    channel = await Channel.connect("127.27.0.3", hello.port, tls=None, authority="hello", timeout_s=5)
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(channel.unary(SEND, request("slow", 400), timeout_s=5))
        quick = await channel.unary(SEND, request("quick", 1), timeout_s=5)
        assert quick.code == StatusCode.OK
        hello.process.terminate()
    assert slow.result().message == b"\x0a\x0bHello slow!"
    assert channel.closed
    await channel.close()
    assert hello.process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("environ", "words", "code"),
    [
        ({"HELLO_GRPC_REQUEST_DELAY": "soon"}, "HELLO_GRPC_REQUEST_DELAY must be seconds", 2),
        ({"HELLO_GRPC_REQUEST_DELAY": "-1"}, "HELLO_GRPC_REQUEST_DELAY must be seconds", 2),
        ({"HELLO_GRPC_PORT": "http"}, "HELLO_GRPC_PORT must be a port number", 2),
        ({"GATELAB_POD_IP": "192.0.2.1"}, "cannot serve on 192.0.2.1:0: Cannot assign requested address", 1),
        ({"HELLO_GRPC_CERT_DIR": "/nonexistent"}, "No such file", 1),
    ],
)
def test_what_it_cannot_do_it_says(environ: dict[str, str], words: str, code: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gatelab.backends.hello"],
        env={**os.environ, "HELLO_GRPC_PORT": "0", **environ},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert (run.returncode, words in run.stderr) == (code, True), run.stderr


def test_prebuilt_descriptors_are_those_of_the_sources(tmp_path: Path) -> None:
    for package in (gatelab.backends.hello, gatelab.grpc_wire.protos):
        folder = Path(str(package.__file__)).parent
        for source in folder.glob("*.proto"):
            built = tmp_path / "built.binpb"
            assert protoc.main(["", f"-I{folder}", f"-o{built}", str(source)]) == 0
            assert built.read_bytes() == source.with_suffix(".binpb").read_bytes(), f"rebuild {source.stem}.binpb"


async def test_tls_when_there_is_a_certificate(start_hello: Any, certificate_dir: Path) -> None:
    hello = start_hello(HELLO_GRPC_CERT_DIR=str(certificate_dir), HELLO_GRPC_REQUEST_DELAY="0")
    context = ssl.create_default_context(cafile=str(certificate_dir / "tls.crt"))
    channel = await Channel.connect("127.27.0.3", hello.port, tls=context, authority="hello.test", timeout_s=5)
    large = "x" * 300_000
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(channel.unary(SEND, request(large, n), timeout_s=10)) for n in range(20)]
    assert {call.result().message for call in calls} == {chunk(1, f"Hello {large}!")}
    hello.process.terminate()
    async with asyncio.timeout(30):
        while not channel.closed:
            await channel.unary(SEND, request("x"), timeout_s=5)
    await channel.close()
    assert hello.process.wait(timeout=30) == 0


async def test_many_connections_come_and_go(start_hello: Any) -> None:
    hello = start_hello(HELLO_GRPC_REQUEST_DELAY="0")
    before = hello.open_files()
    for _ in range(20):
        channel = await Channel.connect("127.27.0.3", hello.port, tls=None, authority="hello", timeout_s=5)
        assert (await channel.unary(SEND, request("x"), timeout_s=5)).code == StatusCode.OK
        await channel.close()
    probe = await Channel.connect("127.27.0.3", hello.port, tls=None, authority="hello", timeout_s=5)
    await probe.unary(SEND, request("x"), timeout_s=5)
    assert hello.open_files() <= before + 2
    await probe.close()


def test_goodbye_comes_in_two_halves(start_hello: Any) -> None:
    """A GOAWAY that still takes what is on its way, then one that names the last call, then the end (RFC 9113, 6.8)."""
    hello = start_hello()
    client = client_connection()
    farewells: list[int] = []
    with socket.create_connection(("127.27.0.3", hello.port), timeout=30) as raw:
        stream_id = client.send_request(request_block(path=SEND, authority="hello", scheme="http"))
        client.send_data(stream_id, framed(request("x", 300)), end_stream=True)
        raw.sendall(client.data_to_send())
        client.receive_data(raw.recv(1000))
        hello.process.terminate()
        while data := raw.recv(1000):
            client.receive_data(data)
            farewells += [e.last_stream_id for e in client.events() if isinstance(e, GoAwayReceived)]
    assert farewells == [2**31 - 1, stream_id]
    assert hello.process.wait(timeout=30) == 0


@pytest.mark.parametrize(("delay_ms", "expected_ns"), [(7, 7_000_000), (0, 300_000_000)])
def test_delays_are_counted_from_the_arrival(monkeypatch: pytest.MonkeyPatch, delay_ms: int, expected_ns: int) -> None:
    server = HelloServer(Settings.of({"HELLO_GRPC_REQUEST_DELAY": "0.3"}))
    due: list[int] = []
    monkeypatch.setattr(server.loop, "call_at", lambda at_ns, _callback: due.append(at_ns))
    server.loop.turn_ns = 5_000
    server._send(None, request("x", delay_ms))  # type: ignore[arg-type]
    assert due == [5_000 + expected_ns]
