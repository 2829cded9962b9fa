"""Twenty minutes at 200 calls/s with churn: does memory stay flat, is a call lost? Opt-in: `python -m bench soak`.

The churn, every five seconds in turn: scale up, scale down, a route edited back and forth, fifty ConfigMaps made and
deleted, a pod deleted, a rolling restart. GATELAB_SOAK_MINUTES shortens it; `--runs` has no meaning here.
"""

import contextlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from bench.idle import name_of
from bench.lab import HELLO_CALL, TARGET, Lab, example_lab

MINUTES = float(os.environ.get("GATELAB_SOAK_MINUTES", "20"))
RATE = 200
CHURN_EVERY_S = 5.0
NAMESPACE = ("-n", "hello-grpc")
GROWTH_MB = 30.0
"""What counts as flat: less than this between the medians of the second and of the last quarter, over all processes
that are there all the time."""


def measure(runs: int) -> dict[str, Any]:
    with example_lab() as lab:
        # To a file: a pipe that nobody reads before the end would stop it.
        path = Path(lab.environment["XDG_STATE_HOME"]) / "load.json"
        data = ("-d", '{"name": "soak", "delay_ms": 1}', "--rps", str(RATE), "--duration", f"{MINUTES}m")
        load = lab.popen("load", *HELLO_CALL, *data, "--connections", "5", "-O", "json", "-o", str(path), TARGET)
        samples = list(_churned(lab, load))
        load.communicate(timeout=60)
        report = json.loads(path.read_text())
    totals = [sum(sample.values()) for sample in samples]
    return {
        "minutes": MINUTES,
        "medians": {
            "calls": report["count"],
            "statuses": report["statusCodeDistribution"],
            "memory_mb_second_quarter": _quarter(totals, 1),
            "memory_mb_last_quarter": _quarter(totals, 3),
            "is_flat": _quarter(totals, 3) - _quarter(totals, 1) < GROWTH_MB,
        },
        "errors": report.get("errorDistribution"),
        "memory_mb_by_process": {
            name: [_quarter([sample[name] for sample in samples], part) for part in range(4)] for name in samples[0]
        },
    }


def _churned(lab: Lab, load: "subprocess.Popen[str]") -> Iterator[dict[str, float]]:
    """Memory (PSS, MB) of the lab's own processes after each step, while the load runs."""
    count = 0
    while True:
        started = time.monotonic()
        _STEPS[count % len(_STEPS)](lab, count)
        count += 1
        yield _memory(lab)
        try:
            load.wait(max(0.0, CHURN_EVERY_S - (time.monotonic() - started)))
        except subprocess.TimeoutExpired:
            continue
        return


def _memory(lab: Lab) -> dict[str, float]:
    """Of those that live as long as the lab: control plane, agent, keeper, Envoys."""
    found: dict[str, float] = {}
    for process in lab.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # a pod that is being replaced
            name, _ = name_of(process)
            if name in ("gatelab.controlplane", "envoy", "keeper", "up"):
                found[name] = found.get(name, 0.0) + process.memory_full_info().pss / 1e6
    return found


def _quarter(values: list[float], part: int) -> float:
    size = max(1, len(values) // 4)
    return round(statistics.median(values[part * size : (part + 1) * size] or values[-size:]), 1)


def _scale(replicas: int) -> Callable[[Lab, int], None]:
    def scale(lab: Lab, count: int) -> None:
        lab.kubectl(*NAMESPACE, "scale", "deployment/hello-grpc", f"--replicas={replicas}")

    return scale


def _edit_route(lab: Lab, count: int) -> None:
    patch = {"metadata": {"labels": {"edit": str(count)}}, "spec": {"hostnames": _hostnames(lab, count)}}
    lab.kubectl(*NAMESPACE, "patch", "grpcroute/hello-grpc", "--type=merge", "-p", json.dumps(patch))


def _hostnames(lab: Lab, count: int) -> list[str]:
    """The route's own, and one that comes and goes."""
    present = lab.get(*NAMESPACE, "grpcroute/hello-grpc")["spec"].get("hostnames", [])
    own = [each for each in present if not each.startswith("soak-")]
    return [*own, f"soak-{count}.test"] if len(own) == len(present) and own else own


def _make_and_delete(lab: Lab, count: int) -> None:
    items = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"soak-{count}-{each}"}} for each in range(50)
    ]
    path = Path(lab.environment["XDG_STATE_HOME"]) / "soak.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    lab.kubectl("apply", "-f", str(path))
    lab.kubectl("delete", "-f", str(path), "--wait=false")


def _delete_a_pod(lab: Lab, count: int) -> None:
    pods = lab.get(*NAMESPACE, "pods", "-l", "app.kubernetes.io/name=hello-grpc")["items"]
    if pods:
        lab.kubectl(*NAMESPACE, "delete", "pod", pods[count % len(pods)]["metadata"]["name"], "--wait=false")


def _restart(lab: Lab, count: int) -> None:
    lab.kubectl(*NAMESPACE, "rollout", "restart", "deployment/hello-grpc")


_STEPS = (_scale(8), _scale(5), _edit_route, _make_and_delete, _delete_a_pod, _restart)
