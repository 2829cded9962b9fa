"""1,000 calls over one connection: through the Gateway, and through the Service's address."""

import json
from typing import Any

from bench.lab import HELLO_CALL, TARGET, Lab, example_lab


def measure(runs: int) -> dict[str, Any]:
    with example_lab() as lab:
        address = lab.get("-n", "hello-grpc", "service", "hello-grpc")["spec"]["clusterIP"]
        l7 = [_pods(lab, TARGET) for _ in range(runs)]
        l4 = [_pods(lab, "--insecure", f"{address}:8080") for _ in range(runs)]
    return {
        "medians": {
            "l7_pods": _median([len(pods) for pods in l7]),
            "l7_max_minus_min": _median([max(pods.values()) - min(pods.values()) for pods in l7]),
            "l4_pods": _median([len(pods) for pods in l4]),
        },
        "l7": l7,
        "l4": l4,
    }


def _pods(lab: Lab, *target: str) -> dict[str, int]:
    data = ("-d", '{"name": "x", "delay_ms": 1}')
    load = ("load", *HELLO_CALL, *data, "--rps", "500", "-n", "1000", "--connections", "1", "-O", "json")
    pods: dict[str, int] = json.loads(lab.gatelab(*load, *target).stdout)["pods"]
    return pods


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]
