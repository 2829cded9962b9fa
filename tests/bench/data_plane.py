"""What a request costs in a Gateway's data plane, beside a lean Envoy written by hand, haproxy, nginx, Envoy Gateway.

All are up at once, with one worker each, in front of the same backends: TLS ends at the proxy; gRPC unary calls go to
two `hello` pods over HTTP/2, HTTP/1.1 to an Envoy that answers by itself. Per request: added latency (p50 at 1,000/s
over 5 connections, less the backends' own), CPU time of the proxy at that rate, and when 50 calls are always under way.

Each run measures all of them one after the other, gatelab's and the lean one before and after each of the others, so
that what the machine does meanwhile meets all. The claim is the ratio of these two: 1.05 at most. Each process is in a
session of its own, as pods of a lab are: the kernel shares the processor out between sessions, and one that has to
share its own with the load wakes less often, and so needs up to a third less CPU time for a request.
"""

import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.data_plane_load import CONNECTIONS, RATE, Target, grpc_figures, http_figures
from bench.data_plane_process import GRPC_HOST, HTTP_HOST, Address, Missing, Proxy
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
from go_programs import PROXIES
from proxy_configs import self_signed
from running_lab import Lab, start_lab, stop_lab

NAMESPACE = "bench"
PODS = 2
STARTERS: Mapping[str, Callable[[Site], AbstractContextManager[Proxy]]] = {
    "lean": lean_envoy,
    "haproxy": haproxy,
    "nginx": nginx,
    ENVOY_GATEWAY: envoy_gateway,
}
IN_TURNS = ("gatelab", "lean")
PUBLISHED = {
    "plain Envoy, HTTP/1.1, 10,000/s over 1,024 connections": "54 µs CPU a request (howardjohn/gateway-api-bench)",
    "Envoy sidecar, HTTP, 1 KB, mTLS and telemetry": "200 µs CPU a request (Istio 1.24, documentation)",
    "NGINX Gateway Fabric 2.7.0, HTTP, 1,000/s": "p50 0.994 ms end to end (its repository, tests/results/dp-perf)",
}

Values = dict[str, list[float]]


def measure(runs: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gl-")))
        targets, skipped = _targets(stack, folder)
        h2load = shutil.which("h2load") or ""
        if not h2load:
            skipped["HTTP/1.1"] = "h2load is not installed"
        values: dict[str, Values] = {}
        for number in range(runs):
            for name in order([*targets], number):
                figures = grpc_figures(targets[name])
                if h2load:
                    figures |= http_figures(targets[name], h2load, folder)
                for what, value in figures.items():
                    values.setdefault(name, {}).setdefault(what, []).append(value)
    return {
        "rate": RATE,
        "connections": CONNECTIONS,
        **summary(values),
        "skipped": skipped,
        "peers": {**PROXIES, **_peer_versions(targets)},
        "published_by_peers": PUBLISHED,
        "values": values,
    }


def order(names: Sequence[str], number: int) -> list[str]:
    """One run: the two that are compared closely before and after each of the others, each time the other one first."""
    others = [name for name in names if name not in IN_TURNS]
    visits, pair = [], IN_TURNS if number % 2 == 0 else IN_TURNS[::-1]
    for name in others:
        visits += [*pair, name]
        pair = pair[::-1]
    return [*visits, *pair]


def summary(values: Mapping[str, Values]) -> dict[str, Any]:
    """Medians, with the p50 that a proxy adds, and ratios of them.

    gatelab's to the lean one is of CPU times measured one after the other, the median of these ratios; `spread` has the
    quartiles, which say how far the machine let it be measured.
    """
    medians = {name: {what: statistics.median(each) for what, each in of.items()} for name, of in values.items()}
    direct = medians.pop("direct")
    for of in medians.values():
        for protocol in ("grpc", "http"):
            if f"{protocol}_p50_us" in of:
                of[f"{protocol}_added_p50_us"] = round(of[f"{protocol}_p50_us"] - direct[f"{protocol}_p50_us"], 1)
    ours = medians["gatelab"]
    ratios = {
        f"gatelab : {name}": {
            what: round(ours[what] / of[what], 3) for what in ours if _compared(what) and of[what] > 0
        }
        for name, of in medians.items()
        if name != "gatelab"
    }
    spread = {}
    for what in filter(_is_cpu, ours):
        each = [ours / lean for ours, lean in zip(values["gatelab"][what], values["lean"][what], strict=True)]
        low, middle, high = statistics.quantiles(each, n=4, method="inclusive")
        ratios["gatelab : lean"][what] = round(middle, 3)
        spread[what] = [round(low, 3), round(high, 3)]
    return {"medians": {"direct": direct, **medians}, "ratios": ratios, "spread of gatelab : lean": spread}


def _is_cpu(what: str) -> bool:
    return "cpu_us" in what


def _compared(what: str) -> bool:
    return _is_cpu(what) or "added" in what


def _targets(stack: ExitStack, folder: Path) -> tuple[dict[str, Target], dict[str, str]]:
    """The backends, gatelab's Gateway, and every other proxy that is to be had; what is not, with the reason."""
    http = stack.enter_context(sink(folder))
    certificate = self_signed(GRPC_HOST, HTTP_HOST)
    ours, pods = stack.enter_context(_gateway(folder, http, Site(folder, certificate, (), (http,))))
    site = Site(folder, certificate, pods, (http,))
    targets = {"direct": Target("direct", None, pods, http), "gatelab": Target("gatelab", ours, pods, http)}
    skipped = {}
    for name, start in STARTERS.items():
        try:
            targets[name] = Target(name, stack.enter_context(start(site)), pods, http)
        except Missing as missing:
            skipped[name] = str(missing)
    return targets, skipped


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


def _peer_versions(targets: Mapping[str, Target]) -> dict[str, str]:
    return {name: _first_line(installed(name), "-v") for name in ("haproxy", "nginx") if name in targets}


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return (done.stdout or done.stderr).splitlines()[0]
