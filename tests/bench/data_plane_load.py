"""One look at one proxy: latency and CPU time of a request, at a fixed open rate and as fast as it goes."""

import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data_plane_process import GRPC_HOST, HTTP_HOST, Address, Proxy, trusting_anybody
from gatelab.grpc_wire.protowire import chunk
from gatelab.load import LoadPlan, run_blocking

RATE = 1000
CONNECTIONS = 5
OPEN_S, CLOSED_S, WARM_S = 1.5, 0.7, 0.2
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


def grpc_figures(target: Target) -> dict[str, float]:
    """Unary calls, by gatelab's load engine."""
    _grpc(target, rps=RATE, duration_s=WARM_S)
    return figures(
        "grpc",
        _grpc(target, rps=RATE, duration_s=OPEN_S),
        _grpc(target, concurrency=IN_FLIGHT, duration_s=CLOSED_S),
    )


def http_figures(target: Target, h2load: str, folder: Path) -> dict[str, float]:
    """HTTP/1.1, by h2load, each request on its connection after the other."""
    log = folder / "h2load.tsv"
    rate = f"--rps={RATE // CONNECTIONS}"
    return figures(
        "http",
        _http(target, log, h2load, "-c", str(CONNECTIONS), rate, "-D", f"{OPEN_S * 1000:g}ms"),
        _http(target, log, h2load, "-c", str(HTTP_CONNECTIONS_CLOSED), "-D", f"{CLOSED_S * 1000:g}ms"),
    )


def figures(protocol: str, paced: Load, flat_out: Load) -> dict[str, float]:
    """Of both loads on one target."""
    return {
        f"{protocol}_p50_us": round(paced.p50_us, 1),
        f"{protocol}_cpu_us_paced": round(paced.cpu_us, 2),
        f"{protocol}_cpu_us_flat_out": round(flat_out.cpu_us, 2),
        f"{protocol}_rps_flat_out": round(flat_out.rps),
    }


def _grpc(target: Target, *, duration_s: float, rps: float = 0, concurrency: int = IN_FLIGHT) -> Load:
    addresses = tuple(target.grpc) if target.proxy is None else (target.proxy.address,)
    plan = LoadPlan(
        host=addresses[0][0],
        port=addresses[0][1],
        targets=addresses,
        path=METHOD,
        message=chunk(1, "Bittrance"),
        authority=GRPC_HOST,
        tls=trusting_anybody() if target.proxy else None,
        connections=CONNECTIONS,
        rps=rps,
        concurrency=concurrency,
        duration_s=duration_s,
    )
    begun = target.cpu_s()
    result = run_blocking(plan)
    used_s = target.cpu_s() - begun
    if result.errors:
        raise RuntimeError(f"{target.name}: {dict(result.statuses)} {dict(result.error_messages)}")
    return Load(result.service.percentile(50) / 1e3, used_s / result.count * 1e6, result.rps)


def _http(target: Target, log: Path, h2load: str, *load: str) -> Load:
    address = target.http if target.proxy is None else target.proxy.address
    scheme = "http" if target.proxy is None else "https"
    connect = f"--connect-to={address[0]}:{address[1]}"
    log.unlink(missing_ok=True)
    command = [h2load, "--h1", f"--log-file={log}", connect, *load, f"{scheme}://{HTTP_HOST}/"]
    begun = target.cpu_s()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    used_s = target.cpu_s() - begun
    if done.returncode != 0:
        raise RuntimeError(f"{target.name}: {done.stdout}{done.stderr}")
    return http_load(log.read_text(), used_s)


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
