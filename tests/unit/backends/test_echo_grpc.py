"""The echo image's gRPC services, called by grpcio as any client would."""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_tools import protoc

import gatelab.backends.echo

GRPC_ECHO = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"
ECHO = "gatelab.echo.v1.Echo"


@pytest.fixture
def echo(start_echo: Any) -> Any:
    return start_echo("grpc", GRPC_ECHO_SERVER="1", INGRESS_NAME="envoy", SERVICE_NAME="till")


@pytest.fixture
def channel(echo: Any) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.27.0.3:{echo.ports['grpc']}") as channel:
        yield channel


@pytest.fixture(scope="session")
def messages() -> Any:
    """A message class by its name, from the descriptors that reflection hands out."""
    pool = descriptor_pool.DescriptorPool()
    folder = Path(str(gatelab.backends.echo.__file__)).parent
    for file in folder.glob("*.binpb"):
        for each in descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes()).file:
            pool.Add(each)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


@pytest.mark.parametrize("method", ["Echo", "EchoTwo"])
def test_a_call_is_answered_with_what_is_known_of_it(
    echo: Any, channel: grpc.Channel, messages: Any, method: str
) -> None:
    answer = messages("gateway_api_conformance.echo_basic.grpcecho.EchoResponse")
    call = channel.unary_unary(f"/{GRPC_ECHO}/{method}", None, answer.FromString)
    said = call(b"", timeout=5, metadata=(("x-one", "1"), ("x-one", "2")))
    found = json_format.MessageToDict(said)["assertions"]
    assert found["fullyQualifiedMethod"] == f"/{GRPC_ECHO}/{method}"
    assert found["authority"] == f"127.27.0.3:{echo.ports['grpc']}"
    assert found["context"] == {"namespace": "shop", "ingress": "envoy", "serviceName": "till", "pod": "echo-1"}
    headers = [(each["key"], each["value"]) for each in found["headers"]]
    assert [value for key, value in headers if key == "x-one"] == ["1", "2"]
    assert {key for key, _ in headers} >= {":authority", "content-type", "user-agent"}
    assert not {key for key, _ in headers} & {":path", ":method", "te", "grpc-timeout"}


def test_the_third_method_is_not_there(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/{GRPC_ECHO}/EchoThree")(b"", timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("path", [f"/{GRPC_ECHO}/Echo", f"/{ECHO}/Unary", f"/{ECHO}/BidiStream"])
def test_a_broken_request_is_an_error_in_words(channel: grpc.Channel, path: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(path)(b"\x0b\xff", timeout=5)
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert caught.value.details().startswith("EchoRequest: ")


class Calls:
    """gatelab.echo.v1.Echo, with requests as keywords and answers as (message, sequence)."""

    def __init__(self, channel: grpc.Channel, messages: Any) -> None:
        self._channel = channel
        self._request = messages(f"{ECHO}Request")
        self._response = messages(f"{ECHO}Response")

    def stream(self, method: str, *requests: dict[str, Any]) -> Iterator[tuple[str, int]]:
        """Every kind of call is one with streams, on the wire."""
        codec = self._request.SerializeToString, self._response.FromString
        call = self._channel.stream_stream(f"/{ECHO}/{method}", *codec)
        answers = call(iter([self._request(**each) for each in requests]), timeout=10)
        return ((each.message, each.sequence) for each in answers if each.pod == "echo-1")

    def answers(self, method: str, *requests: dict[str, Any]) -> list[tuple[str, int]]:
        return list(self.stream(method, *requests))


@pytest.fixture
def calls(channel: grpc.Channel, messages: Any) -> Calls:
    return Calls(channel, messages)


def test_every_kind_of_call(calls: Calls) -> None:
    a, b = {"message": "a"}, {"message": "b"}
    assert calls.answers("Unary", a) == [("a", 1)]
    assert calls.answers("ServerStream", a) == [("a", 1)]
    assert calls.answers("ServerStream", {**a, "count": 3}) == [("a", 1), ("a", 2), ("a", 3)]
    assert calls.answers("ClientStream", a, b) == [("a b", 1)]
    assert calls.answers("ClientStream") == [("", 1)]
    assert calls.answers("BidiStream", a, b) == [("a", 1), ("b", 2)]
    assert calls.answers("BidiStream") == []


@pytest.mark.parametrize("method", ["Unary", "ServerStream", "ClientStream", "BidiStream"])
def test_a_call_may_be_told_how_to_end(calls: Calls, method: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        calls.answers(method, {"message": "no more", "code": 8})
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "no more")


@pytest.mark.parametrize("requests", [0, 2])
@pytest.mark.parametrize("method", ["Unary", "ServerStream"])
def test_one_request_means_one(calls: Calls, method: str, requests: int) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        calls.answers(method, *[{"message": "a"}] * requests)
    assert caught.value.code() == grpc.StatusCode.INTERNAL


def test_answers_wait_as_told_and_keep_their_order(calls: Calls) -> None:
    begun = time.monotonic()
    assert calls.answers("ServerStream", {"delay_ms": 50, "count": 3}) == [("", 1), ("", 2), ("", 3)]
    assert time.monotonic() - begun >= 0.15
    begun = time.monotonic()
    slow, quick = {"message": "slow", "delay_ms": 100}, {"message": "quick"}
    assert calls.answers("BidiStream", slow, quick) == [("slow", 1), ("quick", 2)]
    assert calls.answers("ClientStream", slow, quick) == [("slow quick", 1)]
    assert time.monotonic() - begun >= 0.2


def test_a_stream_is_no_faster_than_its_reader(echo: Any, channel: grpc.Channel, messages: Any) -> None:
    """A million answers of a kilobyte are not made before they are wanted."""
    request = messages(f"{ECHO}Request")(message="x" * 1000, count=1_000_000)
    stream = channel.unary_stream(f"/{ECHO}/ServerStream", type(request).SerializeToString)(request, timeout=30)
    for _ in range(1000):
        next(stream)
    stream.cancel()
    status = Path(f"/proc/{echo.process.pid}/status").read_text()
    (peak_kb,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    assert peak_kb < 100_000


def test_a_stream_in_flight_ends_before_the_server(echo: Any, calls: Calls, channel: grpc.Channel) -> None:
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=10)
    assert next(watch) == b"\x08\x01"
    stream = calls.stream("ServerStream", {"delay_ms": 100, "count": 6})
    assert next(stream) == ("", 1)
    echo.process.terminate()
    assert next(watch) == b"\x08\x02"
    watch.cancel()
    assert [sequence for _, sequence in stream] == [2, 3, 4, 5, 6]
    assert echo.process.wait(timeout=10) == 0


def test_a_stream_that_outlasts_the_server_is_told_so(start_echo: Any, messages: Any) -> None:
    echo = start_echo("grpc", impatient="grpc_server", GRPC_ECHO_SERVER="1")
    with grpc.insecure_channel(f"127.27.0.3:{echo.ports['grpc']}") as channel:
        stream = Calls(channel, messages).stream("ServerStream", {"delay_ms": 50, "count": 1_000_000})
        assert next(stream) == ("", 1)
        echo.process.terminate()
        with pytest.raises(grpc.RpcError) as caught:
            deque(stream, maxlen=0)
    said = (caught.value.code(), caught.value.details())
    assert said == (grpc.StatusCode.UNAVAILABLE, "the server is shutting down")
    assert echo.process.wait(timeout=10) == 0


def test_reflection_knows_both_services(channel: grpc.Channel) -> None:
    path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    questions = [b"\x3a\x01*", *(b"\x22" + bytes([len(name)]) + name.encode() for name in (GRPC_ECHO, ECHO))]
    listed, *described = channel.stream_stream(path)(iter(questions), timeout=5)
    assert all(name.encode() in listed for name in (GRPC_ECHO, ECHO, "grpc.health.v1.Health"))
    assert b"EchoThree" in described[0]
    assert b"BidiStream" in described[1]


def test_prebuilt_descriptors_are_those_of_the_sources(tmp_path: Path) -> None:
    folder = Path(str(gatelab.backends.echo.__file__)).parent
    sources = sorted(folder.glob("*.proto"))
    assert [each.stem for each in sources] == ["echo", "grpcecho"]
    for source in sources:
        built = tmp_path / "built.binpb"
        assert protoc.main(["", f"-I{folder}", f"-o{built}", str(source)]) == 0
        assert built.read_bytes() == source.with_suffix(".binpb").read_bytes(), f"rebuild {source.stem}.binpb"
