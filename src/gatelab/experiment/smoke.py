"""The first call: is the target there, and does it answer? Tried again and again until a deadline."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gatelab.call.errors import CallError
from gatelab.call.messages import parse
from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Method, Schema
from gatelab.call.tls import client_context
from gatelab.cluster.port import Cluster
from gatelab.experiment.errors import CouldNotRun, ExperimentFileError
from gatelab.experiment.file import Experiment, Tls
from gatelab.experiment.place import Place
from gatelab.experiment.resolution import Locator
from gatelab.experiment.waiting import Waiting
from gatelab.grpc_wire.channel import Channel
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.status import StatusCode, display_name
from gatelab.load import Credentials

EVERY_S = 0.025
"""Between two tries. Short, for what is measured is how soon the target is there."""
CALL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """The one request of an experiment, encoded. `protoset` describes it: a FileDescriptorSet for other programs."""

    path: str
    message: bytes
    protoset: bytes = b""


def request_of(experiment: Experiment) -> Request:
    """Compiles the .proto file and encodes the data. Raises ExperimentFileError naming the field."""
    try:
        paths = [str(experiment.path(each)) for each in experiment.import_paths]
        files = compile_protos([str(experiment.path(experiment.proto))], paths)
        schema = Schema(files)
    except CallError as error:
        raise ExperimentFileError(f"proto: {error}") from error
    try:
        method = schema.method(experiment.call)
    except CallError as error:
        raise ExperimentFileError(f"call: {error}") from error
    if method.client_streaming or method.server_streaming:
        raise ExperimentFileError(f"call: {experiment.call} is a streaming RPC: name a unary one")
    protoset = FileDescriptorSet(file=files).SerializeToString()
    return Request(method.path, _encoded(experiment, method), protoset)


def _encoded(experiment: Experiment, method: Method) -> bytes:
    try:
        return parse(method, dict(experiment.data)).SerializeToString()
    except CallError as error:
        raise ExperimentFileError(f"data: {error}") from error


async def first_ok(
    experiment: Experiment, request: Request, cluster: Cluster, said: Callable[[str], None], *, timeout_s: float
) -> Place:
    """Waits for the first OK. Returns where the target was. Raises CouldNotRun with the last thing that went wrong."""
    end = time.monotonic() + timeout_s
    waiting = Waiting(f"an OK of {experiment.target}", said)
    locator = Locator(cluster)
    while True:
        place = await locator.locate(experiment.target_address[0])
        failure = await _try(experiment, request, place)
        if failure is None:
            return place
        if "CERTIFICATE_VERIFY_FAILED" in failure:
            locator.forget_certificates()
        reason = f"{failure} ({place.note})" if place.note else failure
        if time.monotonic() > end:
            raise CouldNotRun(f"{experiment.target} did not answer OK within {timeout_s:g} s: {reason}")
        waiting.because(reason)
        await asyncio.sleep(EVERY_S)


async def _try(experiment: Experiment, request: Request, place: Place) -> str | None:
    """What went wrong; None when nothing did."""
    try:
        channel = await _connect(experiment, place)
    except ConnectError as error:
        return str(error)
    try:
        reply = await channel.unary(request.path, request.message, timeout_s=CALL_TIMEOUT_S)
    finally:
        await channel.close()
    return None if reply.code == StatusCode.OK else f"{display_name(reply.code)}: {reply.details}"


async def _connect(experiment: Experiment, place: Place) -> Channel:
    """A channel to the target. Raises ConnectError."""
    return await Channel.connect(
        place.address,
        place.port(experiment.target_address[1]),
        tls=target_tls(experiment.tls, place.trusted),
        authority=experiment.target,
        timeout_s=CALL_TIMEOUT_S,
    )


@lru_cache(maxsize=2)
def target_tls(mode: Tls, trusted: tuple[str, ...]) -> ssl.SSLContext | None:
    """TLS towards the target. Remembered: reading the system's certificates takes longer than a call."""
    return None if mode == "off" else client_context(insecure=mode == "skip-verify", trusted=trusted)


@lru_cache(maxsize=2)
def target_credentials(mode: Tls, trusted: tuple[str, ...]) -> Credentials | None:
    """The same for an engine that takes certificates as texts; it verifies them whatever the mode."""
    if mode == "off":
        return None
    file = ssl.get_default_verify_paths().cafile
    system = Path(file).read_bytes() if file else b""
    return Credentials(roots=system + "".join(trusted).encode() if trusted else None)
