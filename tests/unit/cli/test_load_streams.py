"""Streaming methods from the command line, against a server of grpcio."""

import json
from collections.abc import Iterable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema
from gatelab.cli.load import load

PROTO = """
syntax = "proto3";
package talk;
message Word { string text = 1; }
service Talk {
  rpc Listen(stream Word) returns (Word);
  rpc Tell(Word) returns (stream Word);
  rpc Chat(stream Word) returns (stream Word);
}
"""


class Talk:
    """A server, the texts that it heard call by call, and the arguments that speak to it."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[list[str]] = []
        file = folder / "talk.proto"
        file.write_text(PROTO)
        self._schema = Schema(compile_protos([str(file)]))
        handlers = {
            "Listen": self._handler(grpc.stream_unary_rpc_method_handler, "Listen", self.listen),
            "Tell": self._handler(grpc.unary_stream_rpc_method_handler, "Tell", self.tell),
            "Chat": self._handler(grpc.stream_stream_rpc_method_handler, "Chat", self.chat),
        }
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("talk.Talk", handlers),))
        self.address = f"127.28.0.2:{self.server.add_insecure_port('127.28.0.2:0')}"
        self.arguments = ("--proto", str(file), "--insecure", "-c", "1", "-n", "2", "-O", "json")
        self.server.start()

    def _handler(self, kind: Any, name: str, behaviour: Any) -> Any:
        request = self._schema.method(f"talk.Talk/{name}").request
        return kind(
            behaviour, request_deserializer=request.FromString, response_serializer=lambda m: m.SerializeToString()
        )

    def listen(self, words: Iterable[Any], _context: Any) -> Any:
        return list(self.chat(words, _context))[-1]

    def tell(self, word: Any, context: Any) -> Iterator[Any]:
        self.heard.append([word.text])
        while context.is_active() and word.text == "on":
            yield word

    def chat(self, words: Iterable[Any], _context: Any) -> Iterator[Any]:
        texts: list[str] = []
        self.heard.append(texts)
        for word in words:
            texts.append(word.text)
            yield word

    def load(self, method: str, data: str, *options: str) -> dict[str, Any]:
        arguments = [*self.arguments, "--call", f"talk.Talk/{method}", "-d", data, *options, self.address]
        done = CliRunner().invoke(load, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        report: dict[str, Any] = json.loads(done.stdout)
        return report


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    talk = Talk(tmp_path)
    yield talk
    talk.server.stop(None).wait(5)


@pytest.mark.parametrize("method", ["Listen", "Chat"])
@pytest.mark.parametrize(
    ("count", "heard"),
    [([], ["a", "b", "c"]), (["--stream-call-count", "2"], ["a", "b"]), (["--stream-call-count", "4"], [*"abca"])],
)
def test_an_array_is_the_messages_of_a_stream(talk: Talk, method: str, count: list[str], heard: list[str]) -> None:
    report = talk.load(method, '[{"text": "a"}, {"text": "b"}, {"text": "c"}]', *count)
    assert (report["statusCodeDistribution"], talk.heard) == ({"OK": 2}, [heard, heard])


def test_templates_are_rendered_for_a_call_or_for_each_message(talk: Talk) -> None:
    data = '{"text": "{{.RequestNumber}} {{randomString 12}}"}'
    talk.load("Listen", data, "--stream-call-count", "3")
    talk.load("Chat", data, "--stream-call-count", "3", "--stream-dynamic-messages", "--stream-interval", "1ms")
    assert [len(set(texts)) for texts in talk.heard] == [1, 1, 3, 3]
    assert [{text[0] for text in texts} for texts in talk.heard] == [{"0"}, {"1"}] * 2


def test_a_servers_stream_may_be_read_to_its_end(talk: Talk) -> None:
    report = talk.load("Tell", '[{"text": "a"}, {"text": "b"}]')
    assert (report["errors"], talk.heard) == (0, [["a"], ["b"]])


@pytest.mark.parametrize("limit", [["--stream-call-count", "3"], ["--stream-call-duration", "50ms"]])
def test_a_servers_stream_without_an_end_is_ended_by_the_client(talk: Talk, limit: list[str]) -> None:
    assert talk.load("Tell", '{"text": "on"}', *limit)["statusCodeDistribution"] == {"OK": 2}
