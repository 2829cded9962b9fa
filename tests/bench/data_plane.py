"""What a request costs in a Gateway's data plane, beside a lean Envoy written by hand, haproxy, nginx, Envoy Gateway.

All are up at once, with one worker each, in front of the same backends: TLS ends at the proxy; gRPC unary calls go to
two `hello` pods over HTTP/2, HTTP/1.1 to an Envoy that answers by itself. Per request: added latency (p50 at 1,000/s
over 5 connections, less the backends' own), CPU time of the proxy at that rate, and when 50 calls are always under way.
The proxies are on the last core, what loads them and what answers on the first one.

The claim is gatelab's CPU time and added p50 as a ratio of the lean one's: 1.05 at most. It comes from many short turns
(`data_plane_pairs`), as does `lean : lean`, what the same finds between two of the same; and from instructions
(`data_plane_instructions`). Each run puts each of them once under each load. Each process is in a session of its own,
as pods of a lab are: the kernel shares the processor out between sessions, and one that has to share its own with the
load wakes less often, and so needs up to a third less CPU time for a request. `--runs 3` takes less than five minutes.
"""

import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.data_plane_instructions import instructions
from bench.data_plane_load import CONNECTIONS, PROTOCOLS, RATE, Target, figures_of, loads
from bench.data_plane_pairs import CONFIDENCE, CONTROL, LEAN, OURS, PAIRS, Turns, blocks, compared
from bench.data_plane_process import GRPC_HOST, HTTP_HOST, Address, Missing, Proxy, on_core
from bench.data_plane_proxies import (
    ENVOY_GATEWAY,
    Site,
    envoy_gateway,
    haproxy,
    installed,
    lean_envoy,
    nginx,
    rendered,
    sink,
)
from bench.instruments import turned
from go_programs import PROXIES
from proxy_configs import self_signed
from running_lab import Lab, start_lab, stop_lab

NAMESPACE = "bench"
PODS = 2
STARTERS: Mapping[str, Callable[[Site], AbstractContextManager[Proxy]]] = {
    LEAN: lean_envoy,
    CONTROL: lambda site: lean_envoy(site, CONTROL.replace(" ", "-")),
    "haproxy": haproxy,
    "nginx": nginx,
    ENVOY_GATEWAY: envoy_gateway,
}
PUBLISHED = {
    "plain Envoy, HTTP/1.1, 10,000/s over 1,024 connections": "54 µs CPU a request (howardjohn/gateway-api-bench)",
    "Envoy sidecar, HTTP, 1 KB, mTLS and telemetry": "200 µs CPU a request (Istio 1.24, documentation)",
    "NGINX Gateway Fabric 2.7.0, HTTP, 1,000/s": "p50 0.994 ms end to end (its repository, tests/results/dp-perf)",
}

Values = dict[str, list[float]]


def measure(runs: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gl-")))
        site, targets, skipped = _targets(stack, folder)
        h2load = shutil.which("h2load") or ""
        if not h2load:
            skipped["HTTP/1.1"] = "h2load is not installed"
        under = loads(h2load, folder)
        values: dict[str, Values] = {}
        control = targets.pop(CONTROL)
        with _on_the_first_core():
            for number in range(runs):
                for name in turned(targets, number):
                    for what, value in figures_of(targets[name], under).items():
                        values.setdefault(name, {}).setdefault(what, []).append(value)
            turns = blocks({OURS: targets[OURS], LEAN: targets[LEAN], CONTROL: control}, under)
        counted = instructions(site, _config_dump(targets[OURS]), h2load)
    return {
        "rate": RATE,
        "connections": CONNECTIONS,
        **summary(values, turns),
        "instructions": counted,
        "skipped": skipped,
        "peers": {**PROXIES, **_peer_versions(targets)},
        "published_by_peers": PUBLISHED,
        "values": values,
        "turns": turns,
    }


def summary(values: Mapping[str, Values], turns: Turns) -> dict[str, Any]:
    """Medians, with the p50 that a proxy adds, and ratios of them; to the lean one those of the turns."""
    medians = {name: {what: statistics.median(each) for what, each in of.items()} for name, of in values.items()}
    direct = medians.pop("direct")
    for of in medians.values():
        for protocol in PROTOCOLS:
            if f"{protocol}_p50_us" in of:
                of[f"{protocol}_added_p50_us"] = round(of[f"{protocol}_p50_us"] - direct[f"{protocol}_p50_us"], 1)
    ours = medians[OURS]
    ratios = {
        f"{OURS} : {name}": {what: round(ours[what] / of[what], 3) for what in ours if _compared(what) and of[what] > 0}
        for name, of in medians.items()
        if name not in (OURS, LEAN)
    }
    spread: dict[str, dict[str, tuple[float, float]]] = {f"spread of {pair}": {} for pair in PAIRS}
    for pair, what, ratio, around in compared(turns, direct):
        ratios.setdefault(pair, {})[what] = ratio
        spread[f"spread of {pair}"][what] = around
    return {"medians": {"direct": direct, **medians}, "ratios": ratios, "confidence": CONFIDENCE, **spread}


def _compared(what: str) -> bool:
    return "cpu_us" in what or "added" in what


@contextmanager
def _on_the_first_core() -> Iterator[None]:
    """What is started within, of which the proxies are not, and this process."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(every)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def _targets(stack: ExitStack, folder: Path) -> tuple[Site, dict[str, Target], dict[str, str]]:
    """The backends, gatelab's Gateway, and every other proxy that is to be had; what is not, with the reason."""
    http, answering = stack.enter_context(sink(folder))
    certificate = self_signed(GRPC_HOST, HTTP_HOST)
    ours, pods = stack.enter_context(_gateway(folder, http, Site(folder, certificate, (), (http,))))
    site = Site(folder, certificate, pods, (http,))
    targets = {"direct": Target("direct", None, pods, http), OURS: Target(OURS, ours, pods, http)}
    skipped = {}
    for name, start in STARTERS.items():
        try:
            targets[name] = Target(name, stack.enter_context(start(site)), pods, http)
        except Missing as missing:
            skipped[name] = str(missing)
    cores = os.sched_getaffinity(0)
    on_core(answering, min(cores))
    for each in targets.values():
        if each.proxy is not None:
            each.proxy.on_core(max(cores))
    return site, targets, skipped


@contextmanager
def _gateway(folder: Path, http: Address, site: Site) -> Iterator[tuple[Proxy, tuple[Address, ...]]]:
    """A lab with the Gateway: its Envoy, and the addresses of the gRPC pods."""
    site.write_certificate()
    manifest = folder / "gateway.yaml"
    manifest.write_text(rendered("gateway.yaml", SINK_HOST=http[0], SINK_PORT=http[1]))
    lab = start_lab(folder, "bench")
    try:
        lab.kubectl("create", "namespace", NAMESPACE)
        _kubectl(lab, "create", "secret", "tls", "bench-tls", f"--cert={folder}/tls.crt", f"--key={folder}/tls.key")
        _kubectl(lab, "apply", "-f", str(manifest))
        _kubectl(lab, "wait", "gateway/bench", "--for=condition=Programmed", "--timeout=60s")
        _kubectl(lab, "rollout", "status", "deployment/grpc", "--timeout=60s")
        address = lab.get("-n", NAMESPACE, "gateway", "bench")["status"]["addresses"][0]["value"]
        pods = lab.get("-n", NAMESPACE, "pods", "-l", "app=grpc")["items"]
        for each in lab.processes():
            on_core(each.pid, min(os.sched_getaffinity(0)))
        yield _envoy_of(lab, address), tuple((each["status"]["podIP"], 8080) for each in pods)
    finally:
        stop_lab(lab)


def _kubectl(lab: Lab, *arguments: str) -> None:
    lab.kubectl("-n", NAMESPACE, *arguments, timeout_s=90)


def _envoy_of(lab: Lab, address: str) -> Proxy:
    port = lab.get("-n", NAMESPACE, "service", "bench-gatelab")["spec"]["ports"][0]["targetPort"]
    pid = next(each.pid for each in lab.processes() if any(f'"cluster":"{NAMESPACE}/' in w for w in each.cmdline()))
    proxy = Proxy("gatelab", (address, port), pid, "envoy")
    proxy.find()
    return proxy


def _config_dump(target: Target) -> Any:
    """All that the Envoy runs, as it says."""
    assert target.proxy is not None
    (pid,) = target.proxy.counted
    words = psutil.Process(pid).cmdline()
    bootstrap = json.loads(words[words.index("--config-yaml") + 1])
    connection = http.client.HTTPConnection("admin")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(bootstrap["admin"]["address"]["pipe"]["path"])
    connection.request("GET", "/config_dump?include_eds")
    return json.loads(connection.getresponse().read())


def _peer_versions(targets: Mapping[str, Target]) -> dict[str, str]:
    return {name: _first_line(installed(name), "-v") for name in ("haproxy", "nginx") if name in targets}


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return (done.stdout or done.stderr).splitlines()[0]
