"""The steps of an experiment: apply, first call, pods ready, measure, judge."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gatelab.cluster.port import Cluster
from gatelab.experiment.backends import Backends, find_backends
from gatelab.experiment.environment import environment, versions
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.report import ExpectationReport, LoadReport, Report
from gatelab.experiment.resolution import Place
from gatelab.experiment.rounds import measure_paths
from gatelab.experiment.smoke import Request, first_ok
from gatelab.experiment.usage import cpu_millicores, memory_bytes
from gatelab.experiment.verdict import Paths, checks, path_report, verdict
from gatelab.experiment.waiting import Waiting
from gatelab.kinds.errors import ApiError
from gatelab.load import Progress
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
) -> Report:
    """The report. `apply` applies the manifests; None leaves the cluster as it is.

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
        paths = await _measured(experiment, request, place, backends, watchers)
        cpu = await cpu_millicores(cluster, experiment.service_reference[0])
        memory = await memory_bytes(cluster)
    except ApiError as error:
        raise CouldNotRun(f"the cluster's API: {error.message}") from error
    return _report(experiment, paths, backends, (startup_s, first_ok_s, pods_ready_s), cpu, memory)


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
    experiment: Experiment, request: Request, place: Place, backends: Backends, watchers: Watchers
) -> Paths:
    results = await measure_paths(experiment, request, place, backends, watchers.progressed)
    pods = [pod.name for pod in backends.pods]
    return Paths(
        l7=path_report(results["l7"], pods, experiment.expect, unit="request"),
        l4=path_report(results["l4"], pods, experiment.expect, unit="connection"),
        direct=path_report(results["direct"], pods, experiment.expect, unit="request"),
    )


def _report(
    experiment: Experiment,
    paths: Paths,
    backends: Backends,
    times_s: tuple[float | None, float, float],
    cpu: dict[str, float],
    memory: int | None,
) -> Report:
    load = experiment.load
    found = checks(paths, experiment.expect, len(backends.pods))
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
    )
