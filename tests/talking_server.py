"""A server of grpcio with a method of each kind, which notes what it hears."""

import threading
from collections.abc import Iterable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema
from gatelab.grpc_wire.reflection import SERVICES, Reflection

PROTO = """
syntax = "proto3";
package talk;
message Word { string text = 1; }
message Answer { string text = 1; }
service Talk {
  rpc Say(Word) returns (Answer);
  rpc Listen(stream Word) returns (Answer);
  rpc Tell(Word) returns (stream Answer);
  rpc Chat(stream Word) returns (stream Answer);
}
"""

TIMEOUT_S = 30


class TalkingServer:
    """`heard` has the texts call by call, `metadata` that of the unary calls. The word `nobody` is NOT_FOUND; told
    `on`, the server goes on until the client ends the call; `much 5` is answered with five letters,
    `wait` not before the call has ended.
    """

    def __init__(self, folder: Path) -> None:
        self.heard: list[list[str]] = []
        self.metadata: list[dict[str, Any]] = []
        self.reflected_with: list[dict[str, Any]] = []
        """The metadata of questions for the schema."""
        self.proto = folder / "talk.proto"
        self.proto.write_text(PROTO)
        self._schema = Schema(compile_protos([str(self.proto)]))
        handlers = {
            "Say": self._handler(grpc.unary_unary_rpc_method_handler, "Say", self.say),
            "Listen": self._handler(grpc.stream_unary_rpc_method_handler, "Listen", self.listen),
            "Tell": self._handler(grpc.unary_stream_rpc_method_handler, "Tell", self.tell),
            "Chat": self._handler(grpc.stream_stream_rpc_method_handler, "Chat", self.chat),
        }
        self._answer = self._schema.method("talk.Talk/Say").response
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("talk.Talk", handlers),))
        files = FileDescriptorSet(file=self._schema.files.values()).SerializeToString()
        self._reflection = Reflection(("talk.Talk",), lambda: (files,))
        for service in SERVICES:
            asked = {"ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(self.reflect)}
            self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, asked),))
        self.address = f"127.28.0.2:{self.server.add_insecure_port('127.28.0.2:0')}"
        self.server.start()

    def stop(self) -> None:
        self.server.stop(None).wait(5)

    def reflect(self, questions: Iterable[bytes], context: Any) -> Iterator[bytes]:
        self.reflected_with.append(dict(context.invocation_metadata()))
        return map(self._reflection.answer, questions)

    def say(self, word: Any, context: Any) -> Any:
        self.heard.append([word.text])
        self.metadata.append(dict(context.invocation_metadata()))
        if word.text == "nobody":
            context.abort(grpc.StatusCode.NOT_FOUND, "nobody is here")
        if word.text.startswith("much "):
            return self._answer(text="x" * int(word.text[5:]))
        if word.text == "wait":
            ended = threading.Event()
            if context.add_callback(ended.set):
                ended.wait(TIMEOUT_S)
        return self._answer(text=word.text)

    def listen(self, words: Iterable[Any], context: Any) -> Any:
        return list(self.chat(words, context))[-1]

    def tell(self, word: Any, context: Any) -> Iterator[Any]:
        self.heard.append([word.text])
        yield self._answer(text=word.text)
        while context.is_active() and word.text == "on":
            yield self._answer(text=word.text)

    def chat(self, words: Iterable[Any], _context: Any) -> Iterator[Any]:
        texts: list[str] = []
        self.heard.append(texts)
        for word in words:
            texts.append(word.text)
            yield self._answer(text=word.text)

    def _handler(self, kind: Any, name: str, behaviour: Any) -> Any:
        request = self._schema.method(f"talk.Talk/{name}").request
        return kind(
            behaviour,
            request_deserializer=request.FromString,
            response_serializer=lambda each: each.SerializeToString(),
        )
