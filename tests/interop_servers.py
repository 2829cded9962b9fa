"""Servers of other libraries for tests/clients/interop/interop.proto, and what it takes to build and start them."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema
from go_programs import CACHE, built_from

FOLDER = Path(__file__).parent / "clients" / "interop"
PROTO = FOLDER / "interop.proto"
_BUILD_TIMEOUT_S = 300
_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def protoset(folder: Path) -> Path:
    """The schema as the servers want it."""
    path = folder / "interop.protoset"
    files = Schema(compile_protos([str(PROTO)])).files.values()
    path.write_bytes(FileDescriptorSet(file=files).SerializeToString())
    return path


@contextmanager
def grpc_go(host: str, schema: Path, *options: str) -> Iterator[int]:
    """A server of grpc-go; its port. Skips without Go."""
    program = built_from(FOLDER / "grpc_go_server")
    if not program:
        pytest.skip("Go is not installed: the server of grpc-go cannot be built")
    with _serving([program, "-listen", f"{host}:0", "-protoset", str(schema), *options]) as port:
        yield port


@contextmanager
def grpc_java(host: str, schema: Path, *, age_ms: int = 0) -> Iterator[int]:
    """A server of grpc-java; its port. Skips without a JDK or Maven, or when the jars cannot be had."""
    classes = _java_classes()
    command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{classes}/*", "InteropServer"]
    with _serving([*command, host, str(schema), str(age_ms)]) as port:
        yield port


def _java_classes() -> Path:
    """The folder with the server and its jars: ten seconds once, for each version of the sources."""
    missing = [name for name in ("java", "javac", "mvn") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed: the server of grpc-java cannot be built")
    source = FOLDER / "grpc_java_server"
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sorted(source.iterdir()))).hexdigest()[:16]
    place = CACHE / f"grpc_java_server-{digest}"
    if not place.exists():
        own = CACHE / f"{place.name}-{os.getpid()}"
        own.mkdir(parents=True)
        try:
            _run(["mvn", "-q", "-B", "-f", str(source), _JARS, "-DincludeScope=runtime", f"-DoutputDirectory={own}"])
            _run(["javac", "-nowarn", "-d", str(own), "-cp", f"{own}/*", str(source / "InteropServer.java")])
        except subprocess.SubprocessError as error:
            shutil.rmtree(own)
            pytest.skip(f"the server of grpc-java cannot be built: {error}")
        own.rename(place)
    return place


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, timeout=_BUILD_TIMEOUT_S, stdout=subprocess.DEVNULL)


@contextmanager
def _serving(command: Sequence[str]) -> Iterator[int]:
    """The port is the first line that the server says; it ends with its stdin."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            finally:
                process.kill()
