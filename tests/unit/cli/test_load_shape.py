"""Data that is parsed once gives the same messages as data that is parsed for each call."""

import json
from pathlib import Path

import pytest

from gatelab.call.messages import parse
from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Method, Schema
from gatelab.cli.load.requests import Payload
from gatelab.cli.load.shape import Shape
from gatelab.cli.load.template import CallData, Template

PROTO = """
syntax = "proto3";
package t;
import "google/protobuf/wrappers.proto";
message Inner { string text = 1; optional string note = 2; }
message Request {
  string name = 1;
  int64 count = 2;
  bytes blob = 3;
  Inner inner = 4;
  repeated string tags = 5;
  map<string, string> labels = 6;
  google.protobuf.StringValue wrapped = 7;
  oneof who { string nick = 8; Inner person = 9; }
}
service T { rpc Do(Request) returns (Inner); }
"""


@pytest.fixture(scope="module")
def method(tmp_path_factory: pytest.TempPathFactory) -> Method:
    path: Path = tmp_path_factory.mktemp("shape") / "t.proto"
    path.write_text(PROTO)
    return Schema(compile_protos([str(path)])).method("t.T/Do")


def call(number: int, worker: str = "g0c0") -> CallData:
    return CallData(number, worker, {"MethodName": "Do"}, now_ns=1, uuid="u")


FILLED = {
    "a field": '{"name": "{{.RequestNumber}}"}',
    "several in one": '{"name": "a {{.RequestNumber}} b {{.WorkerID}}{{.UUID}} \\u00e9 \\" c"}',
    "beside others": '{"name": "{{.MethodName}}", "count": 7, "blob": "YQ==", "tags": ["x"], "labels": {"a": "b"}}',
    "inside of a message": '{"inner": {"text": "{{.RequestNumber}}", "note": "{{.TimestampUnix}}"}}',
    "a wrapper": '{"wrapped": "{{.RequestNumber}}"}',
    "one of": '{"person": {"text": "{{.RequestNumber}}"}}',
}
PARSED = {
    "a number": '{"count": {{.RequestNumber}}}',
    "a number as text": '{"count": "{{.RequestNumber}}"}',
    "in a list": '{"name": "{{.RequestNumber}}", "tags": ["{{.RequestNumber}}"]}',
    "in a map": '{"labels": {"{{.RequestNumber}}": "{{.RequestNumber}}"}}',
    "a field's name": '{"na{{.UUID}}me": "x", "nick": "{{.UUID}}"}',
    "what holds our own marks": '{"name": "\ue000{{.RequestNumber}}"}',
}


@pytest.mark.parametrize("text", FILLED.values(), ids=FILLED)
def test_filled_messages_are_those_that_are_parsed(method: Method, text: str) -> None:
    template = Template.parse(text)
    shape = Shape.of(method, template)
    assert shape is not None
    for each in (call(0), call(41, "name:g3c1"), call(5)):
        assert shape.filled(each) == parse(method, json.loads(template.render(each))).SerializeToString()


@pytest.mark.parametrize("text", PARSED.values(), ids=PARSED)
def test_what_cannot_be_filled_in_is_parsed_each_time(method: Method, text: str) -> None:
    assert Shape.of(method, Template.parse(text)) is None


@pytest.mark.parametrize("worker", ["\\u0041", 'quo"te', "a\nb"])
def test_a_text_that_json_reads_otherwise_is_parsed(method: Method, worker: str) -> None:
    """--name may hold anything, and stands before the worker's id."""
    template = Template.parse('{"name": "{{.WorkerID}}"}')
    shape = Shape.of(method, template)
    assert shape is not None
    assert shape.filled(call(1, worker)) is None
    payload = Payload(method, [template])
    assert payload.message(0, call(1, "\\u0041")) == method.request(name="A").SerializeToString()
    assert payload.message(0, call(1, "B")) == method.request(name="B").SerializeToString()
