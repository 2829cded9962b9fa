"""The load generators that are compared, each as one command: ours, ghz, k6, h2load.

Every one makes unary calls of greetings.GreetMe/Send over plaintext, from one process, and says what it saw. CPU time
is that of the whole process, its start included; `Load.none` is the same command with hardly a call: the start.
"""

import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatelab.grpc_wire.framing import framed
from gatelab.grpc_wire.protowire import chunk, number
from go_programs import PEERS, built
from running_lab import GATELAB

PROTO = Path(__file__).parents[2] / "src/gatelab/backends/hello/greetings.proto"
METHOD = "greetings.GreetMe/Send"
START_CALLS = 50
"""So that no caller of a closed loop is without a call in a run that measures the start."""
RUN_AT_MOST_S = 60.0
K6_SCRIPT = """
import grpc from 'k6/net/grpc';
import exec from 'k6/execution';
import { fail } from 'k6';
const client = new grpc.Client();
client.load([__ENV.FOLDER], 'greetings.proto');
export const options = { scenarios: { calls: JSON.parse(__ENV.SCENARIO) } };
let connected = false;
export default () => {
  if (!connected) { client.connect(__ENV.TARGET, { plaintext: true }); connected = true; }
  const name = __ENV.TEMPLATED ? `${exec.scenario.iterationInTest}` : 'Bittrance';
  const answer = client.invoke('greetings.GreetMe/Send', { name, delay_ms: Number(__ENV.DELAY_MS) });
  if (answer.status !== grpc.StatusOK) { fail(`status ${answer.status}`); }
};
"""


@dataclass(frozen=True)
class Load:
    """What is asked of each: an open loop with a rate, a closed one without; `calls` instead of a duration."""

    port: int
    host: str
    folder: Path
    """For files of the instruments."""
    rate: int = 0
    seconds: float = 2.0
    calls: int = 0
    connections: int = 5
    in_flight: int = 50
    delay_ms: int = 0
    templated: bool = False
    """Each request has data of its own, which the instrument makes when it sends it; h2load cannot."""
    exact: bool = False
    """Percentiles are wanted, for which each keeps every call."""

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def none(self) -> "Load":
        return replace(self, calls=START_CALLS, rate=0)


@dataclass(frozen=True)
class Seen:
    """What an instrument says, and what it took."""

    count: int
    rps: float
    cpu_s: float
    percentiles_ms: Mapping[str, float]
    """`p50`, `p99` of the service time; of ours `response_p50` and `response_p99` too."""


class Broken(Exception):
    """An instrument failed, or saw errors."""


Instrument = Callable[[Load], Seen]


def gatelab(load: Load) -> Seen:
    return _as_ghz([*GATELAB, "load"], load, "wait")


def ghz(load: Load) -> Seen:
    return _as_ghz([built("ghz")], load, "wait")


def k6(load: Load) -> Seen:
    """With its own form of concurrency: a caller is a VU, and has a connection of its own."""
    script, export = load.folder / "script.js", load.folder / "k6.json"
    script.write_text(K6_SCRIPT)
    variables = {
        "TARGET": load.target,
        "FOLDER": str(PROTO.parent),
        "SCENARIO": json.dumps(_scenario(load)),
        "DELAY_MS": str(load.delay_ms),
        "TEMPLATED": "yes" if load.templated else "",
    }
    given = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    quiet = ("--quiet", "--no-usage-report", "--no-thresholds", "--address=", "--summary-trend-stats=p(50),p(99)")
    _, cpu_s = _run([_k6(), "run", *quiet, f"--summary-export={export}", *given, str(script)])
    metrics = json.loads(export.read_text())["metrics"]
    times, iterations = metrics["grpc_req_duration"], metrics["iterations"]
    # `fail` interrupts an iteration, so that it is not counted; calls that were made are.
    return Seen(iterations["count"], iterations["rate"], cpu_s, {"p50": times["p(50)"], "p99": times["p(99)"]})


def h2load(load: Load) -> Seen:
    """It sends the same bytes each time and looks at :status only, never at grpc-status."""
    body, log = load.folder / "request.bin", load.folder / "h2load.tsv"
    body.write_bytes(framed(request(load)))
    log.unlink(missing_ok=True)
    amount = ["-n", str(load.calls)] if load.calls else ["-D", f"{load.seconds * 1000:g}ms"]
    streams = max(1, load.in_flight // load.connections)
    command = ["h2load", *amount, "-c", str(load.connections), "-m", str(streams), "-d", str(body)]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    command += [f"--rps={load.rate / load.connections:g}"] if load.rate else []
    command += [f"--log-file={log}"] if load.exact else []
    text, cpu_s = _run([*command, f"http://{load.target}/{METHOD}"])
    done = re.search(r"(\d+) done, (\d+) succeeded", text)
    rate = re.search(r"([\d.]+) req/s", text)
    if done is None or rate is None or int(done[2]) == 0 or done[1] != done[2]:
        raise Broken(f"h2load: {text}")
    times = [int(line.split("\t")[2]) / 1e3 for line in log.read_text().splitlines()] if load.exact else []
    cuts = statistics.quantiles(times, n=100, method="inclusive") if times else []
    return Seen(int(done[2]), float(rate[1]), cpu_s, {"p50": cuts[49], "p99": cuts[98]} if cuts else {})


INSTRUMENTS: Mapping[str, Instrument] = {"gatelab": gatelab, "ghz": ghz, "k6": k6, "h2load": h2load}


def present() -> tuple[dict[str, Instrument], dict[str, str]]:
    """Those that can be run here; and of the others why not."""
    missing = {
        "ghz": "" if built("ghz") else "Go, which builds it, is not installed",
        "k6": "" if Path(_k6()).exists() else "its wheel is for Linux on x86_64 only",
        "h2load": "" if shutil.which("h2load") else "not installed (Debian: nghttp2-client)",
    }
    missing = {name: why for name, why in missing.items() if why}
    return {name: each for name, each in INSTRUMENTS.items() if name not in missing}, missing


def peer_versions() -> dict[str, str]:
    """Of those that are present, as they say it."""
    found, _ = present()
    versions = {"ghz": PEERS["ghz"].rpartition("@v")[2]}
    for name, command in {"k6": [_k6(), "version"], "h2load": ["h2load", "--version"]}.items():
        if name in found:
            text = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
            versions[name] = next(iter(re.findall(r"\d+\.\d+\.\d+", text)), text.strip())
    return {name: version for name, version in versions.items() if name in found}


def _as_ghz(program: Sequence[str], load: Load, at_end: str) -> Seen:
    data: dict[str, Any] = {"name": "{{.RequestNumber}}" if load.templated else "Bittrance", "delay_ms": load.delay_ms}
    amount = ["-n", str(load.calls)] if load.calls else ["-z", f"{load.seconds:g}s", "--duration-stop", at_end]
    if load.rate:
        amount = ["--rps", str(load.rate), "-n", str(round(load.rate * load.seconds))]
    shape = ["-c", str(load.in_flight), "--connections", str(load.connections)]
    called = ["--insecure", "--proto", str(PROTO), "--call", METHOD, "-d", json.dumps(data)]
    text, cpu_s = _run([*program, *called, *amount, *shape, "-O", "json" if load.exact else "summary", load.target])
    return as_seen(text, cpu_s) if load.exact else ghz_summary(text, cpu_s)


def as_seen(text: str, cpu_s: float) -> Seen:
    """A report of ghz's in JSON, or of ours. Raises Broken where a call failed."""
    report = json.loads(text)
    if set(report["statusCodeDistribution"]) != {"OK"}:
        raise Broken(f"errors: {report['errorDistribution']}")
    times = _percentiles(report["latencyDistribution"])
    response = _percentiles(report.get("responseTimeDistribution") or [])
    times |= {f"response_{name}": value for name, value in response.items()}
    return Seen(report["count"], report["rps"], cpu_s, times)


def _percentiles(distribution: Sequence[Mapping[str, float]]) -> dict[str, float]:
    wanted = [each for each in distribution if each["percentage"] in (50, 99)]
    return {f"p{each['percentage']:g}": each["latency"] / 1e6 for each in wanted}


def ghz_summary(text: str, cpu_s: float) -> Seen:
    """A report of ghz's as text, or of ours. Raises Broken where a call failed."""
    count, rate = re.search(r"Count:\s+(\d+)", text), re.search(r"Requests/sec:\s+([\d.]+)", text)
    statuses = re.findall(r"^\s+\[(\w+)\]\s+(\d+) responses", text, re.MULTILINE)
    if count is None or rate is None or statuses != [("OK", count[1])]:
        raise Broken(text)
    return Seen(int(count[1]), float(rate[1]), cpu_s, {})


def _scenario(load: Load) -> dict[str, Any]:
    if load.calls:
        return {"executor": "shared-iterations", "vus": load.in_flight, "iterations": load.calls}
    duration = f"{load.seconds:g}s"
    if not load.rate:
        return {"executor": "constant-vus", "vus": load.in_flight, "duration": duration}
    return {
        "executor": "constant-arrival-rate",
        "rate": load.rate,
        "timeUnit": "1s",
        "duration": duration,
        "preAllocatedVUs": load.in_flight,
    }


def request(load: Load) -> bytes:
    """The encoded message of those that make none themselves."""
    return chunk(1, "Bittrance") + (number(3, load.delay_ms) if load.delay_ms else b"")


def _k6() -> str:
    return str(Path(sys.executable).with_name("k6"))


def _run(command: Sequence[str]) -> tuple[str, float]:
    """What it printed, and the CPU seconds of it and of its children."""
    before = _children_s()
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_AT_MOST_S, check=False)
    if done.returncode != 0:
        raise Broken(f"{command} exited with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout, _children_s() - before


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
