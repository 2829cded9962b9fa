"""gatelab's instruments beside their peers, on the same lab in the same run: ghz for `load`, grpcurl for `call`.

Without Go the peers are left out, and the result says so.
"""

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.lab import HELLO_CALL, Lab, example_lab
from go_programs import PEERS, built
from running_lab import EXAMPLE, GATELAB

HOST = "cilium-gateway-hello-grpc.hello-grpc.test"
ONE_MS = ("-d", '{"name": "x", "delay_ms": 1}')


def measure(runs: int) -> dict[str, Any]:
    binaries = {name: built(name) for name in PEERS}
    if not all(binaries.values()):
        return {"medians": {}, "skipped": "Go is not installed, so the peers cannot be built"}
    with example_lab() as lab:
        gateway = lab.get("-n", "hello-grpc", "gateway", "hello-grpc")["status"]["addresses"][0]["value"] + ":443"
        values: dict[str, list[float]] = {}
        for _ in range(runs):
            for name, value in _round(lab, binaries, gateway).items():
                values.setdefault(name, []).append(round(value, 3))
    medians = {name: round(statistics.median(each), 3) for name, each in values.items()}
    return {"peers": PEERS, "medians": medians, "ratios": _ratios(medians), "values": values}


def _round(lab: Lab, binaries: dict[str, str], gateway: str) -> dict[str, float]:
    """Each once, in turns, so that what the machine does meanwhile meets all of them."""
    paced = (*ONE_MS, "--rps", "100", "-n", "500", "-c", "50", "--connections", "5", "--skipTLS", "-O", "json")
    flat_out = (*ONE_MS, "-n", "20000", "-c", "50", "--connections", "5", "--skipTLS", "-O", "json")
    ghz = [binaries["ghz"], *HELLO_CALL, "--authority", HOST]
    ours = [*GATELAB, "load", *HELLO_CALL, "--authority", HOST]
    called = ("-import-path", str(EXAMPLE), "-proto", "greetings.proto", "-insecure", "-authority", HOST, *ONE_MS)
    method = (gateway, "greetings.GreetMe/Send")
    return {
        "ghz_p50_ms_at_100_rps": _p50_ms(lab, [*ghz, *paced, gateway]),
        "gatelab_p50_ms_at_100_rps": _p50_ms(lab, [*ours, *paced, gateway]),
        "ghz_rps_closed_loop": _json(lab, [*ghz, *flat_out, gateway])["rps"],
        "gatelab_rps_closed_loop": _json(lab, [*ours, *flat_out, gateway])["rps"],
        "grpcurl_call_ms": _wall_ms(lambda: _run(lab, [binaries["grpcurl"], *called, *method])),
        "gatelab_call_ms": _wall_ms(lambda: _run(lab, [*GATELAB, "call", *called, *method])),
    }


def _ratios(medians: dict[str, float]) -> dict[str, float]:
    pairs = {
        "p50 at 100/s, gatelab : ghz": ("gatelab_p50_ms_at_100_rps", "ghz_p50_ms_at_100_rps"),
        "closed-loop requests/s, gatelab : ghz": ("gatelab_rps_closed_loop", "ghz_rps_closed_loop"),
        "one call with its start, gatelab : grpcurl": ("gatelab_call_ms", "grpcurl_call_ms"),
    }
    return {name: round(medians[ours] / medians[theirs], 3) for name, (ours, theirs) in pairs.items()}


def _p50_ms(lab: Lab, command: Sequence[str]) -> float:
    latencies = _json(lab, command)["latencyDistribution"]
    return float(next(each["latency"] for each in latencies if each["percentage"] == 50)) / 1e6


def _json(lab: Lab, command: Sequence[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_run(lab, command))
    return report


def _run(lab: Lab, command: Sequence[str]) -> str:
    done = subprocess.run(command, env=lab.environment, text=True, capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} exited with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def _wall_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3
