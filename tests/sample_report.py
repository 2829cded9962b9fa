"""A report such as an experiment gives, made of fixed figures: five pods, a failed call, a pod that came."""

from collections.abc import Mapping

from gatelab.experiment.report import (
    Check,
    Connection,
    Environment,
    Event,
    ExpectationReport,
    LoadReport,
    PathReport,
    Percentiles,
    Report,
    SpreadReport,
    SpreadTest,
)
from gatelab.load import Second
from gatelab.spread import expect, measure

PODS = tuple(f"hello-grpc-5d8c7f9b6c-{end}" for end in ("2mg52", "j6f2v", "qhf4n", "qw8nn", "tw5bq"))
ORDER = ("direct", "l4", "l7")
L7 = dict(zip(PODS, (199, 201, 200, 198, 202), strict=True))
L4 = dict(zip(PODS, (0, 0, 0, 0, 1000), strict=True))
HOSTILE = "<script>alert(1)</script>"


def sample_report(*, experiment: str = "hello-grpc", pods: Mapping[str, int] = L7, error: str = "") -> Report:
    """The report of 100 calls a second for 10 s over one connection. With `error` seven calls failed with that text."""
    l7 = _path("l7", pods, 2.01, error)
    direct = _path("direct", dict.fromkeys(pods, 200), 1.27, "")
    chance = expect(1, len(pods))
    return Report(
        experiment=experiment,
        verdict="fail" if error else "pass",
        checks=_checks(error),
        startup_s=0.55,
        first_ok_s=0.63,
        pods_ready_s=0.64,
        load=LoadReport(rps=100, duration_s=10, connections=1),
        l7=l7,
        l4=_path("l4", dict(zip(pods, L4.values(), strict=True)), 1.41, ""),
        direct=direct,
        expectation=ExpectationReport(
            **{name: getattr(chance, name) for name in ExpectationReport.__struct_fields__},
        ),
        added_latency_ns=740_000,
        added_latency_percentiles_ns=l7.service_time_ns.less(direct.service_time_ns),
        cpu_millicores=dict.fromkeys(pods, 4.2),
        memory_pss_bytes=254_000_000,
        versions={"gatelab": "0.1.0", "envoy": "1.40.0"},
        environment=Environment(cpus=2, machine="x86_64", kernel="Linux 6.18.0", python="3.13.1"),
        events=_events(),
        commands=("gatelab experiment run examples/hello-grpc/experiment.yaml",),
    )


def _checks(error: str) -> tuple[Check, ...]:
    even = "L7: every pod's share is within ±20% of an even 1/5 (95% confidence, 1000 requests)"
    failed = 7 if error else 0
    return (
        Check(name="errors", result="fail" if error else "pass", sentence=f"{failed} failed calls, 0 allowed"),
        Check(name="l7_spread", result="pass", sentence=even),
        Check(name="l4_pinned", result="pass", sentence="L4: the connection stayed on one pod"),
        Check(name="pods", result="pass", sentence="5 pods are ready, 5 expected"),
    )


def _path(name: str, pods: Mapping[str, int], median_ms: float, error: str) -> PathReport:
    failed = 7 if error else 0
    spread = measure(pods)
    test = SpreadTest(
        result="pass", unit="request", units=1000, needed=900, bound=0.2, confidence=0.95, sentence="even"
    )
    return PathReport(
        requests=1000 + failed,
        errors=failed,
        statuses={"OK": 1000, **({"Unavailable": failed} if failed else {})},
        error_messages={error: failed} if failed else {},
        pods=dict(pods),
        connections=(Connection(pods=dict(pods), reconnects=0),),
        spread=SpreadReport(
            pods_hit=sum(1 for count in pods.values() if count),
            max_minus_min=spread.max_minus_min,
            coefficient_of_variation=round(spread.coefficient_of_variation, 6),
            jain=round(spread.jain, 6),
            test=test,
        ),
        service_time_ns=_times(median_ms),
        response_time_ns=_times(median_ms + 0.1),
        notes=("the generator was late by 2 ms at p99",) if failed else (),
        series=_series(ORDER.index(name), median_ms, failed),
    )


def _times(median_ms: float) -> Percentiles:
    names = Percentiles.__struct_fields__
    growth = (0.96, 0.98, 1.0, 1.03, 1.09, 1.15, 1.31, 2.4, 4.1)
    return Percentiles(**{name: round(median_ms * 1e6 * factor) for name, factor in zip(names, growth, strict=True)})


def _series(place: int, median_ms: float, failed: int) -> tuple[Second, ...]:
    """Turns are a little longer than a second, so the last calls of each end in the next second."""
    calls = {0: 97, 1: 3, 2: 0}
    return tuple(
        Second(
            second=number,
            ok=calls[(number - place) % 3],
            errors=failed if number == 12 + place else 0,
            p50_ns=round(median_ms * 1e6) + number * 9_000 % 50_000,
            p99_ns=round(median_ms * 1.4e6) + number * 170_000 % 900_000,
            max_ns=round(median_ms * 2.5e6),
        )
        for number in range(31)
    )


def _events() -> tuple[Event, ...]:
    turns = [Event(second=round(n * 1.03, 3), what="turn", text=f"turn of {ORDER[n % 3]}") for n in range(30)]
    came = Event(second=14.6, what="pod", text="pod hello-grpc-5d8c7f9b6c-zx81k came")
    return tuple(sorted([*turns, came], key=lambda event: event.second))
