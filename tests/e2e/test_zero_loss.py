"""What is done to a Gateway while gRPC and HTTP/1.1 flow through it costs no request. Every wait is for a count.

With GATELAB_ZERO_LOSS=full it is done under 500 requests a second over 51 connections, which two slow cores cannot
do beside other tests, and each test tells its figures (`pytest -rP`).
"""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from front_lab import (
    ENVOY,
    a_listener_comes_and_goes,
    edit_routes,
    end_control_plane,
    envoys,
    patch,
    pod_of,
    rolled,
    rotate_certificate,
    target,
    tune,
)
from mixed_traffic import MixedTraffic
from running_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
FULL = os.environ.get("GATELAB_ZERO_LOSS") == "full"
OF_EACH, EVERY_S = (17, 0.055) if FULL else (5, 0.05)
EDITS, EDIT_EVERY_S = (100, 0.2) if FULL else (28, 0.0)


@pytest.fixture
def traffic(front: Lab) -> Iterator[MixedTraffic]:
    """Under way during the test; it goes on after it, and nothing was lost."""
    with MixedTraffic(target(front), connections=OF_EACH, every_s=EVERY_S) as running:
        yield running
        running.go_on()
        sys.stdout.write(f"{running.figures()}\n")
    assert running.losses == []


def condition(lab: Lab, type_: str) -> dict[str, Any]:
    conditions = lab.get("gateway", "front")["status"]["conditions"]
    return next(each for each in conditions if each["type"] == type_)


def test_the_envoys_are_rolled(front: Lab, traffic: MixedTraffic) -> None:
    for _ in range(2):
        before = envoys(front)
        front.kubectl("rollout", "restart", f"deployment/{ENVOY}")
        rolled(front, ENVOY)
        wait_until(lambda old=before: envoys(front).isdisjoint(old), "the old one has gone", timeout_s=40)  # type: ignore[misc]
        traffic.go_on()


def test_an_envoy_is_deleted_beside_another(front: Lab, traffic: MixedTraffic) -> None:
    tune(front, replicas="2")
    wait_until(lambda: len(envoys(front)) == 2, "two Envoys")
    rolled(front, ENVOY)
    traffic.go_on()
    victim = min(envoys(front))
    front.kubectl("delete", "pod", victim, "--timeout=40s")
    traffic.go_on()
    tune(front, replicas="1")
    wait_until(lambda: len(envoys(front)) == 1, "one Envoy", timeout_s=40)


def test_parameters_change(front: Lab, traffic: MixedTraffic) -> None:
    before = envoys(front)
    tune(front, workers="2", accessLog="json", loadBalancing_policy="least_request", grpcHealthCheck_interval="1s")
    wait_until(lambda: envoys(front).isdisjoint(before), "other Envoys", timeout_s=40)
    traffic.go_on()
    (name,) = envoys(front)
    wait_until(lambda: '"path":"/some"' in front.kubectl("logs", name).stdout, "an access log")
    tune(front, wrokers="3")
    wait_until(lambda: condition(front, "Accepted")["reason"] == "InvalidParameters", "the mistake is told")
    assert (
        "ConfigMap default/tuning: key wrokers is unknown: did you mean workers?"
        in condition(front, "Accepted")["message"]
    )
    traffic.go_on()
    tune(front)
    wait_until(lambda: condition(front, "Programmed")["status"] == "True", "all is well again")
    rolled(front, ENVOY)


def test_listeners_come_and_go(front: Lab, traffic: MixedTraffic) -> None:
    for _ in range(3):
        a_listener_comes_and_goes(front)
        traffic.go_on(1)


def test_certificates_are_rotated(front: Lab, traffic: MixedTraffic) -> None:
    for number in (1, 0, 1):
        rotate_certificate(front, number)
        traffic.go_on(1)


def test_routes_are_edited(front: Lab, traffic: MixedTraffic) -> None:
    """From one backend to another and back, with filters and without; who is meant last has all at last."""
    edit_routes(front, EDITS, EDIT_EVERY_S)
    traffic.only("calls", "pages")
    assert {"twin-calls", "twin-pages"} <= traffic.answerers.keys()


def test_weights_move_from_all_to_nothing(front: Lab, traffic: MixedTraffic) -> None:
    for weights in ((100, 0), (0, 100), (50, 50), (100, 0)):
        for kind, name in (("grpcroute", "calls"), ("httproute", "pages")):
            named = zip((name, f"twin-{name}"), weights, strict=True)
            refs = [{"name": each, "port": 3000, "weight": weight} for each, weight in named]
            patch(front, f"{kind}/{name}", "replace", "/spec/rules", [{"backendRefs": refs}])
        first, twin = weights
        served = (*(("calls", "pages") if first else ()), *(("twin-calls", "twin-pages") if twin else ()))
        traffic.only(*served)


def test_backends_scale_roll_and_are_deleted(front: Lab, traffic: MixedTraffic) -> None:
    both = ("calls", "pages")
    named = [f"deployment/{each}" for each in both]
    for replicas in (5, 2, 8, 2) if FULL else (4, 1, 2):
        front.kubectl("scale", *named, f"--replicas={replicas}")
        rolled(front, *both)
    front.kubectl("rollout", "restart", *named)
    rolled(front, *both)
    for app in both:
        pods = front.get("pods", "-l", f"app={app}")["items"]
        alive = [each["metadata"]["name"] for each in pods if "deletionTimestamp" not in each["metadata"]]
        front.kubectl("delete", "pod", alive[0], "--timeout=40s")
    traffic.go_on()


@pytest.mark.parametrize("backend", ["calls", "pages"])
def test_a_pod_ends_by_itself(front: Lab, traffic: MixedTraffic, backend: str) -> None:
    """Nobody is told beforehand that it goes: its own SIGTERM is the first to say so."""
    victim = pod_of(front, backend)
    victim.terminate()
    wait_until(lambda: _has_ended(victim), "it has ended")
    rolled(front, backend)
    traffic.go_on()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_the_control_plane_and_its_xds_end(front: Lab, traffic: MixedTraffic, by: signal.Signals) -> None:
    """Asked to or not; its Envoys come to the next one, and do what that says."""
    end_control_plane(front, by)
    a_listener_comes_and_goes(front)
    traffic.go_on()


@pytest.mark.parametrize("backend", ["calls", "pages"])
def test_a_pod_that_is_killed_costs_what_was_under_way_on_it(front: Lab, backend: str) -> None:
    """At most a request on each connection at that moment, none of other backends: then nothing goes to it."""
    with MixedTraffic(target(front), connections=OF_EACH, every_s=EVERY_S) as traffic:
        victim = pod_of(front, backend)
        victim.kill()
        wait_until(lambda: _has_ended(victim), "it has ended")
        rolled(front, backend)
        sys.stdout.write(f"{traffic.figures()}\n")
    assert len(traffic.losses) <= traffic.connections
    of_it = ("unary: ", "bidi: ") if backend == "calls" else ("http: ",)
    assert [each for each in traffic.losses if not each.startswith(of_it)] == []
    with MixedTraffic(target(front)) as again:
        again.go_on()


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
