"""One measurement: the load on some paths, who counted what, and the figures of each path."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.backends import Backends
from gatelab.experiment.counting import Counted, by_metadata, straight_to_pods, through_gateway
from gatelab.experiment.engines.engine import LoadTask, PathLoad
from gatelab.experiment.engines.table import engine_of
from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.file import Expect, Experiment
from gatelab.experiment.observation import Observation, observe
from gatelab.experiment.place import Place
from gatelab.experiment.report import Event, PathReport, WeightsReport
from gatelab.experiment.routes.route import Unknown
from gatelab.experiment.smoke import Request
from gatelab.experiment.turns import ORDER
from gatelab.experiment.usage import cpu_millicores
from gatelab.experiment.verdict import path_report
from gatelab.experiment.watchers import Watchers
from gatelab.experiment.weights import weights_report


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
    watchers: Watchers,
    paths: tuple[str, ...] = ORDER,
    *,
    stop: asyncio.Event | None = None,
) -> Measurement:
    """Setting `stop` ends it early, with what there is.

    Raises CouldNotRun when a path cannot be reached, ApiError when the cluster's API fails.
    """
    request, place = subject.request, subject.place
    task = LoadTask(experiment, request, place, subject.backends, paths)
    observation = Observation(None, None, Unknown("the Gateway was not looked at"))
    if "l7" in paths:
        observation = await observe(experiment, request.path, place, subject.cluster, subject.pods)
    begun = time.monotonic()
    engine = engine_of(experiment.load.engine)
    loaded = await engine.measure(task, watchers, observation.between, stop or asyncio.Event())
    envoy = await observation.finish()
    cpu = await cpu_millicores(subject.cluster, experiment.service_reference[0])
    events = tuple(sorted((*loaded.turns, *observation.pod_events(begun)), key=lambda event: event.second))
    found, weights = _judged(experiment.expect, loaded.paths, subject.backends, observation, envoy, cpu)
    return Measurement(found, weights, envoy, cpu, events)


def _judged(
    expect: Expect,
    loads: Mapping[str, PathLoad],
    backends: Backends,
    observation: Observation,
    envoy: EnvoyCounts | Unknown,
    cpu: Mapping[str, float],
) -> tuple[Mapping[str, PathReport], WeightsReport | None]:
    pods, found, weights = [pod.name for pod in backends.pods], {}, None
    for name, load in loads.items():
        if name == "l7":
            expected = observation.expected_shares()
            behind = {*pods, *expected}
            l7 = through_gateway(load, envoy, {pod: each for pod, each in cpu.items() if pod in behind})
            found[name] = path_report(load.result, sorted(behind), expect, "request", l7, expected)
            weights = _weights(observation, l7, expect)
        elif name == "direct":
            direct = straight_to_pods(load, backends.pods)
            found[name] = path_report(load.result, pods, expect, "request", direct)
        else:
            found[name] = path_report(load.result, pods, expect, "connection", by_metadata(load))
    return found, weights


def _weights(observation: Observation, l7: Counted, expect: Expect) -> WeightsReport | None:
    """None unless the rule has several backends, and each one's requests are known."""
    routed = observation.routed
    if routed is None or not routed.is_weighted or l7.source not in ("envoy", "metadata"):
        return None
    by_backend = l7.backends if l7.backends is not None else observation.by_backend(l7.pods)
    return weights_report(routed, by_backend, expect) if by_backend is not None else None
