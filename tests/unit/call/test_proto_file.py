"""A file that was written from its descriptor is the same file to protoc."""

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from gatelab.call.proto_file import file_text
from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema
from market_server import PROTOS

OPTIONS = """
edition = "2023";
package custom;
import "google/protobuf/descriptor.proto";
import public "google/protobuf/empty.proto";
message Rule { string text = 1; repeated int32 numbers = 2; map<string, int32> limits = 3; Rule inner = 4; }
extend google.protobuf.MessageOptions { Rule rule = 50001; bool flag = 50002; }
extend google.protobuf.FieldOptions { double weight = 50003; bytes raw = 50004; }
message Ruled {
  reserved old, older;
  option (rule) = {
    text: "a \\"b\\" ø" numbers: [1, 2] limits { key: "k" value: 3 } inner { text: "long enough to wrap" }
  };
  option (flag) = true;
  string name = 1 [(weight) = 1.5, (raw) = "\\x00a", deprecated = true, json_name = "other", debug_redact = true];
}
enum Level { option deprecated = true; LOW = 0; HIGH = 5; reserved 7 to max; }
"""


def bare(file: FileDescriptorProto) -> FileDescriptorProto:
    """Without comments and places, and in one order: that of elements is free."""
    copy = FileDescriptorProto()
    copy.CopyFrom(file)
    copy.ClearField("source_code_info")
    for message in copy.message_type:
        nested = sorted(message.nested_type, key=lambda each: each.name)
        fields = sorted(message.field, key=lambda each: each.number)
        for attribute, ordered in (("nested_type", nested), ("field", fields)):
            message.ClearField(attribute)  # type: ignore[arg-type]
            getattr(message, attribute).extend(ordered)
    for service in copy.service:
        methods = sorted(service.method, key=lambda each: each.name)
        service.ClearField("method")
        service.method.extend(methods)
    return copy


@pytest.mark.parametrize("name", ["market.proto", "legacy.proto", "custom.proto"])
def test_protoc_reads_the_same_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "custom.proto").write_text(OPTIONS)
    schema = Schema(compile_protos([name], [str(PROTOS), str(tmp_path)]))
    for file in schema.files.values():
        written = tmp_path / "written" / file.name
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(file_text(file, schema.pool))
    (again,) = (file for file in compile_protos([name], [str(tmp_path / "written")]) if file.name == name)
    assert bare(again) == bare(schema.files[name])


def test_the_default_of_an_enum_stays_the_first_value(tmp_path: Path) -> None:
    """And protoc takes the file: the values of a map begin with 0."""
    sign, message = "enum Sign { NONE = 0; MINUS = -1; PLUS = 1; }", "message M { map<string, Sign> signs = 1; }"
    (tmp_path / "sign.proto").write_text(f'syntax = "proto2"; {sign} {message}')
    (file,) = compile_protos([str(tmp_path / "sign.proto")])
    (tmp_path / "sign.proto").write_text(file_text(file, Schema([file]).pool))
    (again,) = compile_protos([str(tmp_path / "sign.proto")])
    assert [each.name for each in again.enum_type[0].value] == ["NONE", "MINUS", "PLUS"]
