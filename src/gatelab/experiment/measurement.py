"""One measurement: the load on some paths, who counted what, and the figures of each path."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.backends import Backends
from gatelab.experiment.counting import Counted, straight_to_pods, through_gateway
from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.file import Expect, Experiment
from gatelab.experiment.observation import Observation, observe
from gatelab.experiment.place import Place
from gatelab.experiment.report import Event, PathReport, WeightsReport
from gatelab.experiment.rounds import ORDER, Turns, measure_paths
from gatelab.experiment.routes.route import Unknown
from gatelab.experiment.smoke import Request
from gatelab.experiment.usage import cpu_millicores
from gatelab.experiment.verdict import path_report
from gatelab.experiment.weights import weights_report
from gatelab.load import LoadResult, Progress


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: the request to a place, and the pods behind it. `pods` is the way to Envoys' counters."""

    request: Request
    place: Place
    backends: Backends
    cluster: Cluster
    pods: PodProxy | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was found, by path. `cpu` is of all pods in the Service's namespace."""

    paths: Mapping[str, PathReport]
    weights: WeightsReport | None
    envoy: EnvoyCounts | Unknown
    cpu: dict[str, float]
    events: tuple[Event, ...]


async def measure(
    experiment: Experiment,
    subject: Subject,
    progressed: Callable[[str, Progress], None],
    paths: tuple[str, ...] = ORDER,
    *,
    stop: asyncio.Event | None = None,
) -> Measurement:
    """Setting `stop` ends it early, with what there is.

    Raises CouldNotRun when a path cannot be reached, ApiError when the cluster's API fails.
    """
    request, place = subject.request, subject.place
    observation = Observation(None, None, Unknown("the Gateway was not looked at"))
    if "l7" in paths:
        observation = await observe(experiment, request.path, place, subject.cluster, subject.pods)
    begun = time.monotonic()
    between = observation.between
    results = await measure_paths(experiment, request, place, subject.backends, progressed, between, paths, stop)
    envoy = await observation.finish()
    cpu = await cpu_millicores(subject.cluster, experiment.service_reference[0])
    turns = Turns.for_duration(experiment.load.duration_s, paths).events()
    events = tuple(sorted((*turns, *observation.pod_events(begun)), key=lambda event: event.second))
    found, weights = _judged(experiment.expect, results, subject.backends, observation, envoy, cpu)
    return Measurement(found, weights, envoy, cpu, events)


def _judged(
    expect: Expect,
    results: Mapping[str, LoadResult],
    backends: Backends,
    observation: Observation,
    envoy: EnvoyCounts | Unknown,
    cpu: Mapping[str, float],
) -> tuple[Mapping[str, PathReport], WeightsReport | None]:
    pods, found, weights = [pod.name for pod in backends.pods], {}, None
    for name, result in results.items():
        if name == "l7":
            expected = observation.expected_shares()
            behind = {*pods, *expected}
            l7 = through_gateway(result, envoy, {pod: each for pod, each in cpu.items() if pod in behind})
            found[name] = path_report(result, sorted(behind), expect, unit="request", counted=l7, expected=expected)
            weights = _weights(observation, l7, expect)
        elif name == "direct":
            direct = straight_to_pods(result, backends.pods)
            found[name] = path_report(result, pods, expect, unit="request", counted=direct)
        else:
            found[name] = path_report(result, pods, expect, unit="connection")
    return found, weights


def _weights(observation: Observation, l7: Counted, expect: Expect) -> WeightsReport | None:
    """None unless the rule has several backends, and each one's requests are known."""
    routed = observation.routed
    if routed is None or not routed.is_weighted or l7.source not in ("envoy", "metadata"):
        return None
    by_backend = l7.backends if l7.backends is not None else observation.by_backend(l7.pods)
    return weights_report(routed, by_backend, expect) if by_backend is not None else None
