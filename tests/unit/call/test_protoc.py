from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gatelab.call.errors import SchemaError
from gatelab.call.protoc import compile_protos, read_protosets
from gatelab.call.schema import Schema

MAIN = 'syntax = "proto3"; package a; import "parts/b.proto"; message A { b.B b = 1; }'
PART = 'syntax = "proto3"; package b; message B { string x = 1; }'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    (tmp_path / "main.proto").write_text(MAIN)
    (tmp_path / "parts" / "b.proto").write_text(PART)
    return tmp_path


@pytest.mark.parametrize("named", ["main.proto", "{tree}/main.proto"])
def test_imports_are_found_beside_the_file(tree: Path, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    files = compile_protos([named.format(tree=tree)])
    assert [file.name for file in files] == ["parts/b.proto", "main.proto"]


def test_import_paths_are_searched(tree: Path, tmp_path: Path) -> None:
    for named in ("main.proto", str(tree / "main.proto")):
        assert [file.name for file in compile_protos([named], [str(tree)])][-1] == "main.proto"


def test_a_file_outside_the_import_paths_is_found_too(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "own.proto").write_text('syntax = "proto3"; import "parts/b.proto"; message C { b.B b = 1; }')
    assert compile_protos([str(other / "own.proto")], [str(tree)])[-1].name.endswith("own.proto")


def test_protocs_words_are_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.proto").write_text('syntax = "proto3"; message A { strin x = 1; }')
    with pytest.raises(SchemaError, match=r'bad.proto:1:32: "strin" is not defined'):
        compile_protos([str(tmp_path / "bad.proto")])


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SchemaError, match=r"nowhere.proto"):
        compile_protos(["nowhere.proto"])


def test_a_protoset_is_read(tree: Path, tmp_path: Path) -> None:
    written = tmp_path / "set.bin"
    written.write_bytes(FileDescriptorSet(file=compile_protos([str(tree / "main.proto")])).SerializeToString())
    assert Schema(read_protosets([str(written), str(written)])).message("a.A").full_name == "a.A"


def test_a_protoset_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "junk").write_bytes(b"\xff\xff\xff\xff")
    with pytest.raises(SchemaError, match="could not parse contents of protoset"):
        read_protosets([str(tmp_path / "junk")])
    with pytest.raises(SchemaError, match="No such file"):
        read_protosets([str(tmp_path / "absent")])
