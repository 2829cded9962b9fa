"""Route scale, as gateway-api-bench has it: 5,000 routes to 5,000 Services, then churn, and what the processes use.

Churn: an endpoint comes or goes every 2 s, a route is edited every 1 s. GATELAB_BENCH_SCALE shortens it. The Services
have one endpoint each, an address behind which there is nobody, as there the pods are fakes.
"""

import os
import time
from typing import Any

from bench.api import Client
from bench.many_routes import (
    CORE,
    ROUTES,
    SLICES,
    endpoint_slice,
    load_route,
    routed_lab,
    service,
    until_attached,
    usage,
)
from running_lab import Lab

COUNT = int(os.environ.get("GATELAB_BENCH_SCALE", "5000"))
OBSERVE_S = 60.0
SETTLE_S = 15.0
PUBLISHED = {
    "source": "howardjohn/gateway-api-bench part 2, 5,000 routes with churn, 16 cores",
    "of each": "control plane: mean cores, max MiB; data plane: mean cores, max MiB",
    "agentgateway": [0.0997, 513, 0.0025, 46.3],
    "Istio 1.27.1": [0.207, 726, 0.144, 1874],
    "NGINX Gateway Fabric 2.1.4": [0.410, 563, 1.39, 1976],
    "Envoy Gateway 1.5.3": [3.70, 3492, 0.470, 1208],
}


def measure(runs: int) -> dict[str, Any]:
    """One pass."""
    with routed_lab() as (lab, _):
        client, begun = Client(lab), time.monotonic()
        for number in range(COUNT):
            client("POST", f"{CORE}/services", service(f"service-{number}", app=f"nobody-{number}"))
            client("POST", SLICES, endpoint_slice(f"service-{number}", _address(number, 1)))
            client("POST", ROUTES, load_route(number, f"service-{number}", f"/{number}"))
        until_attached(client, COUNT)
        filled_s = time.monotonic() - begun
        time.sleep(SETTLE_S)
        quiet = _observed(lab, Client(lab), churns=False)
        churned = _observed(lab, Client(lab), churns=True)
    return {
        "routes": COUNT,
        "medians": {
            "control_plane_mean_cores": churned["mean_cores"]["control_plane"],
            "control_plane_memory_pss_mb": churned["memory_pss_mb"]["control_plane"],
            "envoy_mean_cores": churned["mean_cores"]["envoy"],
            "envoy_memory_pss_mb": churned["memory_pss_mb"]["envoy"],
            "filled_s": round(filled_s, 1),
        },
        "without_churn": quiet,
        "with_churn": churned,
        "published_by_peers": PUBLISHED,
    }


def _observed(lab: Lab, client: Client, *, churns: bool) -> dict[str, Any]:
    used, begun = usage(lab), time.monotonic()
    for second in range(int(OBSERVE_S)):
        if churns:
            number = second * 7919 % COUNT
            client("PUT", f"{ROUTES}/route-{number}", load_route(number, f"service-{number}", f"/{number}/{second}"))
            if second % 2 == 0:
                changed = endpoint_slice(f"service-{number}", _address(number, 2 + second % 3))
                client("PUT", f"{SLICES}/service-{number}", changed)
        time.sleep(max(0.0, begun + second + 1 - time.monotonic()))
    return {"mean_cores": used.cores(time.monotonic() - begun), "memory_pss_mb": used.memory_mb()}


def _address(number: int, variant: int) -> str:
    return f"10.{variant}.{number // 250}.{number % 250 + 1}"
