"""One look at one proxy: latency and CPU time of a request, at a fixed open rate and as fast as it goes."""

import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data_plane_process import GRPC_HOST, HTTP_HOST, Address, Proxy, trusting_anybody
from gatelab.grpc_wire.protowire import chunk
from gatelab.load import LoadPlan, run_blocking

RATE = 1000
CONNECTIONS = 5
OPEN_S, CLOSED_S, WARM_S = 1.0, 0.5, 0.2
PROTOCOLS = ("grpc", "http")
IN_FLIGHT = 50
HTTP_CONNECTIONS_CLOSED = 10
METHOD = "/greetings.GreetMe/Send"


@dataclass(frozen=True)
class Target:
    """A proxy; or, without one, the backends themselves, in plaintext."""

    name: str
    proxy: Proxy | None
    grpc: Sequence[Address]
    http: Address

    def cpu_s(self) -> float:
        return self.proxy.cpu_s() if self.proxy else 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """What one load met."""

    p50_us: float
    cpu_us: float
    """Of the proxy, per request."""
    rps: float


def loads(h2load: str, folder: Path) -> dict[str, Callable[[Target, float], Load]]:
    """What a proxy is put under, for so many seconds: gRPC by gatelab's engine, HTTP/1.1 by h2load where it is."""
    log = folder / "h2load.tsv"

    def http(target: Target, seconds: float, *words: str) -> Load:
        return _http(target, log, h2load, *words, "-D", f"{seconds * 1000:g}ms")

    found: dict[str, Callable[[Target, float], Load]] = {
        "grpc_paced": lambda target, seconds: _grpc(target, rps=RATE, duration_s=seconds),
        "grpc_flat_out": lambda target, seconds: _grpc(target, concurrency=IN_FLIGHT, duration_s=seconds),
    }
    if h2load:
        paced = ("-c", str(CONNECTIONS), f"--rps={RATE // CONNECTIONS}")
        found["http_paced"] = lambda target, seconds: http(target, seconds, *paced)
        found["http_flat_out"] = lambda target, seconds: http(target, seconds, "-c", str(HTTP_CONNECTIONS_CLOSED))
    return found


def figures_of(target: Target, under: Mapping[str, Callable[[Target, float], Load]]) -> dict[str, float]:
    """One look at a target under all of `loads`."""
    under["grpc_paced"](target, WARM_S)
    seen = {name: load(target, OPEN_S if "paced" in name else CLOSED_S) for name, load in under.items()}
    every = (
        figures(each, seen[f"{each}_paced"], seen[f"{each}_flat_out"]) for each in PROTOCOLS if f"{each}_paced" in seen
    )
    return {what: value for each in every for what, value in each.items()}


def figures(protocol: str, paced: Load, flat_out: Load) -> dict[str, float]:
    """Of both loads on one target."""
    return {
        f"{protocol}_p50_us": round(paced.p50_us, 1),
        f"{protocol}_cpu_us_paced": round(paced.cpu_us, 2),
        f"{protocol}_cpu_us_flat_out": round(flat_out.cpu_us, 2),
        f"{protocol}_rps_flat_out": round(flat_out.rps),
    }


def some_requests(target: Target, protocol: str, number: int, h2load: str) -> None:
    """So many, one after the other on one connection, however long they take."""
    if protocol == "grpc":
        _grpc(target, connections=1, concurrency=1, total=number, timeout_s=60)
        return
    _h2load(target, h2load, "-c", "1", "-n", str(number))


def _grpc(target: Target, *, connections: int = CONNECTIONS, **plan_of: Any) -> Load:
    addresses = tuple(target.grpc) if target.proxy is None else (target.proxy.address,)
    plan = LoadPlan(
        host=addresses[0][0],
        port=addresses[0][1],
        targets=addresses,
        path=METHOD,
        message=chunk(1, "Bittrance"),
        authority=GRPC_HOST,
        tls=trusting_anybody() if target.proxy else None,
        connections=connections,
        **plan_of,
    )
    begun = target.cpu_s()
    result = run_blocking(plan)
    used_s = target.cpu_s() - begun
    if result.errors:
        raise RuntimeError(f"{target.name}: {dict(result.statuses)} {dict(result.error_messages)}")
    return Load(result.service.percentile(50) / 1e3, used_s / result.count * 1e6, result.rps)


def _http(target: Target, log: Path, h2load: str, *load: str) -> Load:
    log.unlink(missing_ok=True)
    begun = target.cpu_s()
    _h2load(target, h2load, f"--log-file={log}", *load)
    return http_load(log.read_text(), target.cpu_s() - begun)


def _h2load(target: Target, program: str, *words: str) -> None:
    address = target.http if target.proxy is None else target.proxy.address
    scheme = "http" if target.proxy is None else "https"
    connect = f"--connect-to={address[0]}:{address[1]}"
    command = [program, "--h1", connect, *words, f"{scheme}://{HTTP_HOST}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{target.name}: {done.stdout}{done.stderr}")


def http_load(log: str, used_s: float) -> Load:
    """From h2load's log: a line per request, of its start in µs, its status, and what it took in µs.

    Raises:
        RuntimeError: a request was not answered with 200.
    """
    rows = [[int(word) for word in line.split("\t")[:3]] for line in log.splitlines()]
    wrong = [status for _, status, _ in rows if status != 200]
    if wrong or not rows:
        raise RuntimeError(f"{len(wrong)} of {len(rows)} requests were not answered with 200: {sorted(set(wrong))}")
    begun, end = min(row[0] for row in rows), max(row[0] + row[2] for row in rows)
    taken = statistics.median(row[2] for row in rows)
    return Load(taken, used_s / len(rows) * 1e6, len(rows) / ((end - begun) / 1e6))
