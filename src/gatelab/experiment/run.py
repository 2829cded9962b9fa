"""The steps of an experiment: apply, first call, pods ready, measure, judge."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.backends import Backends, find_backends
from gatelab.experiment.commands import commands
from gatelab.experiment.environment import environment, versions
from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.figures import of_report, parse_expression
from gatelab.experiment.file import Experiment
from gatelab.experiment.interruption import unless
from gatelab.experiment.measurement import Measurement, Subject, measure
from gatelab.experiment.place import Place
from gatelab.experiment.replicas import put_back_left_over
from gatelab.experiment.report import Check, ExpectationReport, LoadReport, PathReport, PredictionReport, Report
from gatelab.experiment.smoke import Request, first_ok
from gatelab.experiment.usage import memory_bytes
from gatelab.experiment.verdict import checks, verdict
from gatelab.experiment.verdict import expectation as shown
from gatelab.experiment.waiting import Waiting
from gatelab.experiment.watchers import Watchers
from gatelab.experiment.weights import prediction_report
from gatelab.kinds.errors import ApiError
from gatelab.spread import expect

READY_TIMEOUT_S = 120.0
READY_EVERY_S = 0.05


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
    stop: asyncio.Event | None = None,
) -> Report:
    """The report. `apply` applies the manifests; None leaves the cluster as it is. `pods` is the way to the counters of
    the Gateway's Envoys; without one the responses have to name the pods. `command` is what the user has run. Setting
    `stop` ends the load early, with a report of what has been measured so far, which does not pass.

    Raises CouldNotRun when there is nothing to judge.
    """
    stop = stop or asyncio.Event()
    try:
        ready = await unless(stop, _prepared(experiment, request, cluster, watchers, apply))
        if ready is None:
            raise CouldNotRun("interrupted before the load began")
        subject = Subject(request, ready.place, ready.backends, cluster, pods)
        measured = await measure(experiment, subject, watchers, stop=stop)
        memory = await memory_bytes(cluster)
    except ApiError as error:
        raise CouldNotRun(f"the cluster's API: {error.message}") from error
    repeated = ((command,) if command else ()) + commands(experiment, ready.backends)
    times_s = (startup_s, ready.first_ok_s, ready.pods_ready_s)
    report = _report(experiment, measured, ready.backends, times_s, memory, repeated)
    return _partial(report) if stop.is_set() else report


@dataclass(frozen=True, slots=True)
class _Ready:
    """What the load may go to, and how long that took from the start."""

    place: Place
    backends: Backends
    first_ok_s: float
    pods_ready_s: float


async def _prepared(
    experiment: Experiment,
    request: Request,
    cluster: Cluster,
    watchers: Watchers,
    apply: Callable[[], Awaitable[None]] | None,
) -> _Ready:
    begun = time.monotonic()
    await put_back_left_over(experiment, cluster, watchers.said)
    if apply is not None:
        await apply()
    place = await first_ok(experiment, request, cluster, watchers.said, timeout_s=READY_TIMEOUT_S)
    first_ok_s = time.monotonic() - begun
    watchers.said(f"first OK call after {first_ok_s:.2f} s")
    backends = await all_ready(experiment, cluster, watchers)
    pods_ready_s = time.monotonic() - begun
    watchers.said(f"{len(backends.pods)} pods ready after {pods_ready_s:.2f} s")
    return _Ready(place, backends, first_ok_s, pods_ready_s)


def _partial(report: Report) -> Report:
    """Marked by a check of its own, so that no format passes it over."""
    planned = max(1, round(report.load.rps * report.load.duration_s))
    made = ", ".join(f"{name} {path.requests}" for name, path in paths_of(report).items())
    sentence = f"interrupted: the figures are those of a part of the load ({made} of {planned} calls each)"
    check = Check(name="complete", result="inconclusive", sentence=sentence)
    return msgspec.structs.replace(report, checks=(check, *report.checks), verdict="fail")


def paths_of(report: Report) -> Mapping[str, PathReport]:
    """In the order of their turns."""
    return {"direct": report.direct, "l4": report.l4, "l7": report.l7}


async def all_ready(experiment: Experiment, cluster: Cluster, watchers: Watchers) -> Backends:
    """As many pods as there should be. Raises CouldNotRun, ApiError."""
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


def _report(
    experiment: Experiment,
    measured: Measurement,
    backends: Backends,
    times_s: tuple[float | None, float, float],
    memory: int | None,
    repeated: tuple[str, ...],
) -> Report:
    load, paths = experiment.load, measured.paths
    expectation = expect(load.connections, len(backends.pods))
    startup_s, first_ok_s, pods_ready_s = times_s
    added = paths["l7"].service_time_ns.less(paths["direct"].service_time_ns)
    report = Report(
        experiment=experiment.experiment,
        verdict="pass",
        checks=(),
        startup_s=startup_s,
        first_ok_s=round(first_ok_s, 4),
        pods_ready_s=round(pods_ready_s, 4),
        load=LoadReport(rps=load.rps, duration_s=load.duration_s, connections=load.connections),
        l7=paths["l7"],
        l4=paths["l4"],
        direct=paths["direct"],
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
        cpu_millicores=measured.cpu,
        memory_pss_bytes=memory,
        versions=versions(),
        environment=environment(),
        prediction=_prediction(measured, load.connections) if not paths["l7"].spread.expected else None,
        weights=measured.weights,
        events=measured.events,
        commands=repeated,
    )
    found = (*checks(paths, experiment.expect, len(backends.pods), measured.weights), *_expected(experiment, report))
    return msgspec.structs.replace(report, checks=found, verdict=verdict(found))


def _expected(experiment: Experiment, report: Report) -> Sequence[Check]:
    figures = of_report(report)
    return [shown(parse_expression(text), figures) for text in experiment.expect.figures]


def _prediction(measured: Measurement, connections: int) -> PredictionReport | None:
    if not isinstance(measured.envoy, EnvoyCounts):
        return None
    return prediction_report(measured.envoy, connections, len(measured.paths["l7"].pods))
