"""What ghz is asked to do: which addresses, how much of the load each, and the words for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatelab.experiment.engines.engine import CALL_TIMEOUT_S, CONNECT_TIMEOUT_S, LATE_S, LoadTask
from gatelab.experiment.errors import CouldNotRun

MOST_PODS = 16
"""Processes at a time: the direct path takes one for each pod."""
START_S = 1.0
"""What a busy machine may take to start it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one process of ghz does of a path's load. ghz's rates are whole numbers."""

    host: str
    port: int
    rps: int
    calls: int
    connections: int


@dataclass(frozen=True, slots=True)
class Files:
    """What ghz reads. `authorities` is empty where the system's are to be trusted."""

    protoset: str
    message: str
    authorities: str = ""


def parts(task: LoadTask, path: str) -> tuple[Part, ...]:
    """One for each address; a part of the load each. Raises CouldNotRun when the pods are too many for that."""
    load, pods = task.experiment.load, task.backends.pods
    rps = round(load.rps)
    if path != "direct":
        return (Part(*task.address(path), rps, load.requests, load.connections),)
    if len(pods) > MOST_PODS:
        raise CouldNotRun(
            f"direct: ghz calls one address, so that {len(pods)} pods would take as many processes of it, and "
            f"{MOST_PODS} are the most: give the matrix path: [gateway, service], or take the engine native"
        )
    # With fewer calls a second than pods, the last pods get none.
    called = pods[: min(len(pods), rps, load.requests)]
    rates, calls = _split(rps, len(called)), _split(load.requests, len(called))
    connections = -(-load.connections // len(called))
    return tuple(
        Part(pod.address, pod.port, rate, count, connections)
        for pod, rate, count in zip(called, rates, calls, strict=True)
    )


def _split(whole: int, parts: int) -> list[int]:
    """Whole numbers that differ by one at most."""
    return [whole // parts + (number < whole % parts) for number in range(parts)]


def most_s(task: LoadTask) -> float:
    """How long ghz may take at most from its start until it is told to stop; calls that are out then are waited for.

    It is told so by a signal: with its --max-duration it makes calls beyond --total.
    """
    return task.experiment.load.duration_s + START_S + LATE_S


def arguments(task: LoadTask, path: str, part: Part, files: Files) -> list[str]:
    """The rate with a number of calls, so that all engines make the same; the message as bytes, so that it is the same.

    By the address: where the target's name leads is known, and ghz takes the name to verify from --authority.
    """
    tls = _tls(task, files) if path == "l7" else ("--insecure",)
    return [
        *("--protoset", files.protoset, "--call", task.request.path.removeprefix("/")),
        *("--binary-file", files.message),
        *("--rps", str(part.rps), "--total", str(part.calls)),
        *("--duration-stop", "wait"),
        *("--connections", str(part.connections), "--concurrency", str(max(50, part.connections))),
        *("--timeout", f"{CALL_TIMEOUT_S:g}s", "--connect-timeout", f"{CONNECT_TIMEOUT_S:g}s"),
        *("--authority", task.experiment.target, *tls, "--format", "json"),
        f"[{part.host}]:{part.port}" if ":" in part.host else f"{part.host}:{part.port}",
    ]


def _tls(task: LoadTask, files: Files) -> Sequence[str]:
    if task.experiment.tls == "off":
        return ("--insecure",)
    if task.experiment.tls == "skip-verify":
        return ("--skipTLS",)
    return ("--cacert", files.authorities) if files.authorities else ()


def prefixed(message: bytes) -> bytes:
    """The message behind its length (a varint): so ghz takes it for one message, and no other reading is tried."""
    length, prefix = len(message), bytearray()
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*prefix, length]) + message
