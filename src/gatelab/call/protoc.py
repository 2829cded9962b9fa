""".proto files to descriptors, by the protoc of the grpcio-tools wheel."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError

from gatelab.call.errors import SchemaError

TIMEOUT_S = 60
_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from grpc_tools._protoc_compiler import run_main
sys.exit(run_main([argument.encode() for argument in sys.argv[1:]]))
"""
"""`python -m grpc_tools.protoc` in a third of the time: without site, importlib.resources and what these load. protoc
takes the first argument, its own name, for nothing."""


def compile_protos(files: Sequence[str], import_paths: Sequence[str] = ()) -> list[FileDescriptorProto]:
    """The descriptors of `files` and of all they import, imports first.

    A file is named relative to an import path or to the working directory. Without import paths, each file's folder
    and the working directory are searched. Raises SchemaError with protoc's words.
    """
    # A process of its own: protoc writes its errors to file descriptor 2 and may abort.
    # Google's well-known types come last, as in protoc itself.
    paths = [f"-I{path}" for path in (*_search_paths(files, import_paths), _package() / "_proto")]
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_package().parent), *paths, "--include_imports"]
    done = subprocess.run(
        [*command, "--descriptor_set_out=/dev/stdout", "--include_source_info", *files],
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise SchemaError(done.stderr.decode(errors="replace").strip() or f"protoc exited with {done.returncode}")
    return list(FileDescriptorSet.FromString(done.stdout).file)


def _package() -> Path:
    """The folder of grpcio-tools. Raises SchemaError without it."""
    spec = importlib.util.find_spec("grpc_tools")
    if spec is None or spec.origin is None:
        raise SchemaError("the package grpcio-tools is not installed: pip install grpcio-tools")
    return Path(spec.origin).parent


def read_protosets(files: Iterable[str]) -> list[FileDescriptorProto]:
    """The descriptors in files that `protoc --descriptor_set_out --include_imports` has written. Raises SchemaError."""
    found: dict[str, FileDescriptorProto] = {}
    for file in files:
        try:
            read = FileDescriptorSet.FromString(Path(file).read_bytes())
        except OSError as error:
            raise SchemaError(f'could not load protoset file "{file}": {error.strerror}') from error
        except DecodeError as error:
            raise SchemaError(f'could not parse contents of protoset file "{file}": {error}') from error
        for each in read.file:
            found.setdefault(each.name, each)
    return list(found.values())


def _search_paths(files: Sequence[str], import_paths: Sequence[str]) -> list[str]:
    if not import_paths:
        return list(dict.fromkeys([*(str(Path(file).parent) for file in files), "."]))
    outside = [
        str(Path(file).parent)
        for file in files
        if not any((Path(path) / file).exists() or _is_below(file, path) for path in import_paths)
    ]
    return list(dict.fromkeys([*import_paths, *outside]))


def _is_below(file: str, folder: str) -> bool:
    return Path(file).is_relative_to(folder)
