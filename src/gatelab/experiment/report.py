"""The report: one JSON document. Every field is described in docs/report.md, and a test compares the two."""

from typing import Literal

import msgspec

from gatelab.load import Histogram, Second

Verdict = Literal["pass", "fail"]
Result = Literal["pass", "fail", "inconclusive"]
Source = Literal["envoy", "metadata", "target", "cpu", "none"]
PERCENTS = (10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object of a report."""


class Percentiles(Part, frozen=True):
    """Nanoseconds."""

    p10: int
    p25: int
    p50: int
    p75: int
    p90: int
    p95: int
    p99: int
    p99_9: int = msgspec.field(name="p99.9")
    p99_99: int = msgspec.field(name="p99.99")

    @classmethod
    def of(cls, histogram: Histogram) -> "Percentiles":
        return cls(**dict(zip(cls.__struct_fields__, histogram.percentiles(PERCENTS), strict=True)))

    def less(self, other: "Percentiles") -> "Percentiles":
        """The difference, percentile by percentile."""
        return Percentiles(
            **{name: getattr(self, name) - getattr(other, name) for name in Percentiles.__struct_fields__}
        )


class Connection(Part, frozen=True):
    """Requests per pod of one connection, those made after reconnecting included."""

    pods: dict[str, int]
    reconnects: int


class SpreadTest(Part, frozen=True):
    """The equivalence test of one spread."""

    result: Result
    unit: str
    units: int
    needed: int
    bound: float
    confidence: float
    sentence: str


class SpreadReport(Part, frozen=True):
    """`expected` are shares by pod; empty where all are even."""

    pods_hit: int
    max_minus_min: int
    coefficient_of_variation: float
    jain: float
    test: SpreadTest
    max_over_min: float | None = None
    expected: dict[str, float] = {}


class Counting(Part, frozen=True):
    """Where the counts of a path come from."""

    source: Source
    sentence: str
    metadata: dict[str, int] = {}
    unattributed: int = 0
    envoys: int = 0
    readings: int = 0


class WeightReport(Part, frozen=True):
    """One backend of a rule with several: the share that its weight gives it, and the one it got."""

    backend: str
    expected: float
    requests: int
    share: float
    low: float
    high: float
    result: Result


class WeightsReport(Part, frozen=True):
    """How the Gateway kept to the weights of the rule that took the calls."""

    route: str
    backends: tuple[WeightReport, ...]
    test: SpreadTest
    needed_for_verdict: int


class PredictionReport(Part, frozen=True):
    """What the Gateway's Envoys were expected to do."""

    connections: int
    workers: int
    mean_workers_hit: float
    most_max_minus_min: int
    random_coefficient_of_variation: float
    sentence: str


class PathReport(Part, frozen=True):
    """One path to the pods: l7, l4 or direct."""

    requests: int
    errors: int
    statuses: dict[str, int]
    error_messages: dict[str, int]
    pods: dict[str, int]
    connections: tuple[Connection, ...]
    spread: SpreadReport
    service_time_ns: Percentiles
    response_time_ns: Percentiles | None
    notes: tuple[str, ...]
    counting: Counting = Counting(source="metadata", sentence="by x-pod-name in the response metadata")
    series: tuple[Second, ...] = ()


class Event(Part, frozen=True):
    """Something that happened while the load ran, `second` after its beginning."""

    second: float
    what: Literal["turn", "pod"]
    text: str


class ExpectationReport(Part, frozen=True):
    connections: int
    pods: int
    pods_hit: tuple[float, ...]
    mean_pods_hit: float
    mean_largest_share: float
    sentence: str


class Check(Part, frozen=True):
    """One claim of the verdict."""

    name: str
    result: Result
    sentence: str


class LoadReport(Part, frozen=True):
    rps: float
    duration_s: float
    connections: int


class Environment(Part, frozen=True):
    cpus: int
    machine: str
    kernel: str
    python: str


class Report(Part, frozen=True):
    experiment: str
    verdict: Verdict
    checks: tuple[Check, ...]
    startup_s: float | None
    first_ok_s: float
    pods_ready_s: float
    load: LoadReport
    l7: PathReport
    l4: PathReport
    direct: PathReport
    expectation: ExpectationReport
    added_latency_ns: int
    added_latency_percentiles_ns: Percentiles
    cpu_millicores: dict[str, float]
    memory_pss_bytes: int | None
    versions: dict[str, str]
    environment: Environment
    prediction: PredictionReport | None = None
    weights: WeightsReport | None = None
    events: tuple[Event, ...] = ()
    commands: tuple[str, ...] = ()
