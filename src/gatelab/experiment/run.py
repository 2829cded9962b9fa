"""The steps of an experiment: apply, first call, pods ready, measure, judge."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.backends import Backends, find_backends
from gatelab.experiment.commands import commands
from gatelab.experiment.counting import Counted, straight_to_pods, through_gateway
from gatelab.experiment.environment import environment, versions
from gatelab.experiment.envoy_counting import EnvoyCounts
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Expect, Experiment
from gatelab.experiment.observation import Observation, observe
from gatelab.experiment.report import Event, ExpectationReport, LoadReport, PredictionReport, Report, WeightsReport
from gatelab.experiment.resolution import Place
from gatelab.experiment.rounds import Turns, measure_paths
from gatelab.experiment.route import Unknown
from gatelab.experiment.smoke import Request, first_ok
from gatelab.experiment.usage import cpu_millicores, memory_bytes
from gatelab.experiment.verdict import Paths, checks, path_report, verdict
from gatelab.experiment.waiting import Waiting
from gatelab.experiment.weights import prediction_report, weights_report
from gatelab.kinds.errors import ApiError
from gatelab.load import LoadResult, Progress
from gatelab.spread import expect

READY_TIMEOUT_S = 120.0
READY_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told what happens."""

    said: Callable[[str], None]
    progressed: Callable[[str, Progress], None]


async def run_experiment(
    experiment: Experiment,
    request: Request,
    cluster: Cluster,
    watchers: Watchers,
    *,
    apply: Callable[[], Awaitable[None]] | None,
    startup_s: float | None = None,
    pods: PodProxy | None = None,
    command: str = "",
) -> Report:
    """The report. `apply` applies the manifests; None leaves the cluster as it is. `pods` is the way to the counters of
    the Gateway's Envoys; without one the responses have to name the pods. `command` is what the user has run.

    Raises CouldNotRun when there is nothing to judge.
    """
    begun = time.monotonic()
    try:
        if apply is not None:
            await apply()
        place = await first_ok(experiment, request, cluster, watchers.said, timeout_s=READY_TIMEOUT_S)
        first_ok_s = time.monotonic() - begun
        watchers.said(f"first OK call after {first_ok_s:.2f} s")
        backends = await _all_ready(experiment, cluster, watchers)
        pods_ready_s = time.monotonic() - begun
        watchers.said(f"{len(backends.pods)} pods ready after {pods_ready_s:.2f} s")
        observation = await observe(experiment, request.path, place, cluster, pods)
        load_begun = time.monotonic()
        results, envoy = await _measured(experiment, request, place, backends, watchers, observation)
        cpu = await cpu_millicores(cluster, experiment.service_reference[0])
        memory = await memory_bytes(cluster)
    except ApiError as error:
        raise CouldNotRun(f"the cluster's API: {error.message}") from error
    paths, weights = _judged(experiment, results, backends, observation, envoy, cpu)
    times_s = (startup_s, first_ok_s, pods_ready_s)
    report = _report(experiment, paths, backends, times_s, cpu, memory, envoy, weights)
    repeated = ((command,) if command else ()) + commands(experiment, backends)
    return msgspec.structs.replace(report, events=_events(experiment, observation, load_begun), commands=repeated)


def _events(experiment: Experiment, observation: Observation, begun: float) -> tuple[Event, ...]:
    turns = Turns.for_duration(experiment.load.duration_s).events()
    return tuple(sorted((*turns, *observation.pod_events(begun)), key=lambda event: event.second))


async def _all_ready(experiment: Experiment, cluster: Cluster, watchers: Watchers) -> Backends:
    end = time.monotonic() + READY_TIMEOUT_S
    waiting = Waiting(f"the pods behind {experiment.service}", watchers.said)
    while True:
        backends = await find_backends(experiment, cluster)
        if len(backends.pods) == backends.wanted:
            return backends
        ready = f"{len(backends.pods)} of {backends.wanted} pods are ready"
        if time.monotonic() > end:
            raise CouldNotRun(f"service: {ready} after {READY_TIMEOUT_S:g} s behind {experiment.service}")
        waiting.because(ready)
        await asyncio.sleep(READY_EVERY_S)


async def _measured(
    experiment: Experiment,
    request: Request,
    place: Place,
    backends: Backends,
    watchers: Watchers,
    observation: Observation,
) -> tuple[Mapping[str, LoadResult], EnvoyCounts | Unknown]:
    between = observation.between
    results = await measure_paths(experiment, request, place, backends, watchers.progressed, between)
    return results, await observation.finish()


def _judged(
    experiment: Experiment,
    results: Mapping[str, LoadResult],
    backends: Backends,
    observation: Observation,
    envoy: EnvoyCounts | Unknown,
    cpu: Mapping[str, float],
) -> tuple[Paths, WeightsReport | None]:
    pods, expected = [pod.name for pod in backends.pods], observation.expected_shares()
    behind = {*pods, *expected}
    used = {pod: each for pod, each in cpu.items() if pod in behind}
    l7 = through_gateway(results["l7"], envoy, used)
    direct = straight_to_pods(results["direct"], backends.pods)
    expect = experiment.expect
    paths = Paths(
        l7=path_report(results["l7"], sorted(behind), expect, unit="request", counted=l7, expected=expected),
        l4=path_report(results["l4"], pods, expect, unit="connection"),
        direct=path_report(results["direct"], pods, expect, unit="request", counted=direct),
    )
    return paths, _weights(observation, l7, expect)


def _weights(observation: Observation, l7: Counted, expect: Expect) -> WeightsReport | None:
    """None unless the rule has several backends, and each one's requests are known."""
    routed = observation.routed
    if routed is None or not routed.is_weighted or l7.source not in ("envoy", "metadata"):
        return None
    by_backend = l7.backends if l7.backends is not None else observation.by_backend(l7.pods)
    return weights_report(routed, by_backend, expect) if by_backend is not None else None


def _report(
    experiment: Experiment,
    paths: Paths,
    backends: Backends,
    times_s: tuple[float | None, float, float],
    cpu: dict[str, float],
    memory: int | None,
    envoy: EnvoyCounts | Unknown,
    weights: WeightsReport | None,
) -> Report:
    load = experiment.load
    found = checks(paths, experiment.expect, len(backends.pods), weights)
    expectation = expect(load.connections, len(backends.pods))
    startup_s, first_ok_s, pods_ready_s = times_s
    added = paths.l7.service_time_ns.less(paths.direct.service_time_ns)
    return Report(
        experiment=experiment.experiment,
        verdict=verdict(found),
        checks=found,
        startup_s=startup_s,
        first_ok_s=round(first_ok_s, 4),
        pods_ready_s=round(pods_ready_s, 4),
        load=LoadReport(rps=load.rps, duration_s=load.duration_s, connections=load.connections),
        l7=paths.l7,
        l4=paths.l4,
        direct=paths.direct,
        expectation=ExpectationReport(
            connections=expectation.connections,
            pods=expectation.pods,
            pods_hit=tuple(round(chance, 9) for chance in expectation.pods_hit),
            mean_pods_hit=round(expectation.mean_pods_hit, 6),
            mean_largest_share=round(expectation.mean_largest_share, 6),
            sentence=expectation.sentence,
        ),
        added_latency_ns=added.p50,
        added_latency_percentiles_ns=added,
        cpu_millicores=cpu,
        memory_pss_bytes=memory,
        versions=versions(),
        environment=environment(),
        prediction=_prediction(envoy, load.connections, len(paths.l7.pods)) if not paths.l7.spread.expected else None,
        weights=weights,
    )


def _prediction(envoy: EnvoyCounts | Unknown, connections: int, pods: int) -> PredictionReport | None:
    return prediction_report(envoy, connections, pods) if isinstance(envoy, EnvoyCounts) else None
