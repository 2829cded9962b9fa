"""Attached routes, as gateway-api-bench has it: 1,000 routes made, then deleted, and what the Gateway says meanwhile.

Setup is from the last create to `attachedRoutes` 1,000, teardown from the last delete to 0 (there from the first).
Writes are the versions of the Gateway's status that a watcher sees.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPSConnection, IncompleteRead
from typing import Any

from bench.api import Client, address, token, trust
from bench.many_routes import GATEWAYS, ROUTES, load_route, routed_lab, until_attached, usage
from running_lab import Lab, wait_until

COUNT = 1000
CLIENTS = 4
PUBLISHED = {
    "source": "howardjohn/gateway-api-bench, 1,000 routes; setup, teardown in s; writes",
    "Cilium 1.17.2": [1, 18, 193],
    "Envoy Gateway 1.4.0": [23, 45, 1383],
    "Istio 1.26.0": [2, 20, 311],
    "Kgateway 2.0.1": [12, 16, 323],
    "Kong 3.9": [1, 22, 1403],
    "Traefik": [180, 16, 73],
    "NGINX Gateway Fabric 1.6.2": [29, 15, 82],
}


@dataclass
class Watched:
    """`attachedRoutes` of the Gateway with the time of each event."""

    events: list[tuple[float, int]] = field(default_factory=list)

    def since(self, begun: float, count: int) -> float:
        """Seconds from `begun` to the first event of the last run of `count`s; 0 if that was before."""
        first = next((at for at, attached in self.events if attached == count and at >= begun), begun)
        return round(max(0.0, first - begun), 3)


def measure(runs: int) -> dict[str, Any]:
    with routed_lab() as (lab, _):
        watched = _watch(lab)
        rounds = [_round(lab, watched) for _ in range(runs)]
    middle = sorted(rounds, key=lambda each: each["setup_s"])[len(rounds) // 2]
    return {"routes": COUNT, "medians": middle, "rounds": rounds, "published_by_peers": PUBLISHED}


def _round(lab: Lab, watched: Watched) -> dict[str, Any]:
    client, used, begun = Client(lab), usage(lab), time.monotonic()
    created_s = _each(lab, lambda client, number: client("POST", ROUTES, load_route(number, "backend", f"/{number}")))
    made, before = time.monotonic(), len(watched.events)
    until_attached(client, COUNT)
    wait_until(lambda: watched.events[-1][1] == COUNT, "the watcher has seen it")
    setup_s, writes = watched.since(made, COUNT), len(watched.events)
    deleted_s = _each(lab, lambda client, number: client("DELETE", f"{ROUTES}/route-{number}"))
    gone = time.monotonic()
    until_attached(client, 0)
    wait_until(lambda: watched.events[-1][1] == 0, "the watcher has seen it")
    return {
        "setup_s": setup_s,
        "teardown_s": watched.since(gone, 0),
        "status_writes_setup": writes,
        "status_writes_teardown": len(watched.events) - writes,
        "status_writes_after_the_last_create": writes - before,
        "creates_s": created_s,
        "deletes_s": deleted_s,
        "mean_cores": used.cores(time.monotonic() - begun),
    }


def _each(lab: Lab, work: Any) -> float:
    """For every number, from some connections at once; seconds."""
    begun = time.monotonic()

    def lane(first: int) -> None:
        client = Client(lab)
        for number in range(first, COUNT, CLIENTS):
            work(client, number)

    threads = [threading.Thread(target=lane, args=(each,)) for each in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return round(time.monotonic() - begun, 2)


def _watch(lab: Lab) -> Watched:
    host, _, port = address(lab).partition(":")
    connection = HTTPSConnection(host, int(port), context=trust(lab), timeout=600)
    connection.request("GET", f"{GATEWAYS}?watch=true", headers={"Authorization": f"Bearer {token(lab)}"})
    answer, watched = connection.getresponse(), Watched()

    def read() -> None:
        try:
            while line := answer.readline():
                listeners = json.loads(line)["object"].get("status", {}).get("listeners") or [{}]
                watched.events.append((time.monotonic(), listeners[0].get("attachedRoutes", -1)))
        except (OSError, IncompleteRead, ValueError):
            return  # the lab has ended

    threading.Thread(target=read, daemon=True).start()
    return watched
