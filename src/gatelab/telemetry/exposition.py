"""The text format of Prometheus (version 0.0.4), by prometheus_client, which is loaded when somebody asks."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from gatelab.telemetry.families import Reading
from gatelab.telemetry.histogram import Histogram

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(readings: Iterable[Reading]) -> bytes:
    """The readings, one a family, and CPU, memory and open files of this process, as `/metrics` answers them."""
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected([_metric(each) for each in readings]))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Collected:
    def __init__(self, metrics: "list[Metric]") -> None:
        self._metrics = metrics

    def collect(self) -> "Iterator[Metric]":
        yield from self._metrics


def _metric(reading: Reading) -> "Metric":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    family, labels = reading.family, list(reading.family.labels)
    if family.type == "histogram":
        found = HistogramMetricFamily(family.name, family.help, labels=labels)
        for values, value in reading.values.items():
            if isinstance(value, Histogram):
                found.add_metric(values, _buckets(value), value.sum)
        return found
    plain = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
    metric = plain(family.name, family.help, labels=labels)
    for values, value in reading.values.items():
        if not isinstance(value, Histogram):
            metric.add_metric(values, value)
    return metric


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in histogram.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(histogram.counts)), strict=True))
