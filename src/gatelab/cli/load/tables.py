"""ghz's formats for other programs: CSV, InfluxDB's line protocol, Prometheus's exposition text."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector


def csv_table(report: Mapping[str, Any]) -> str:
    """A row for each call; an error text with a comma in it is quoted, which ghz does not do."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("duration (ms)", "status", "error"))
    for call in report["details"]:
        writer.writerow((f"{call['latency'] / 1e6:.2f}", call["status"], call["error"]))
    return f"\n{out.getvalue()}".removesuffix("\n")


def influx_summary(report: Mapping[str, Any]) -> str:
    """One line of measurement `ghz_run`."""
    errors = sum(report["errorDistribution"].values())
    tags = f"{_influx_tags(report)},errors={errors},has_errors={str(errors > 0).lower()}"
    fields = [f"{name}={report[name]}" for name in ("count", "total", "average", "fastest", "slowest")]
    fields.append(f"rps={report['rps']:.2f}")
    latencies = {each["percentage"]: each["latency"] for each in report["latencyDistribution"]}
    if report["histogram"]:
        fields += [f"median={latencies[50]}", f"p95={latencies[95]}"]
    fields.append(f"errors={errors}")
    return f"ghz_run,{tags} {','.join(fields)} {_unix_ns(report['date'])}"


def influx_details(report: Mapping[str, Any]) -> str:
    """A line of measurement `ghz_detail` for each call."""
    tags = _influx_tags(report)
    return "\n".join(
        f"ghz_detail,{tags},hasError={str(bool(call['error'])).lower()} latency={call['latency']},"
        f'error="{_escaped(call["error"])}",status="{call["status"]}" {_unix_ns(call["timestamp"])}'
        for call in report["details"]
    )


def prometheus(report: Mapping[str, Any]) -> str:
    """ghz's metrics under ghz's names. Buckets are cumulative and sums are those of the latencies, as the format has
    it: in seconds for the histogram, as its buckets are, in ns for the summary.
    """
    return generate_latest(_Metrics(report)).decode()


class _Metrics(Collector):
    def __init__(self, report: Mapping[str, Any]) -> None:
        self._report = report
        self._labels = _labels(report)

    def collect(self) -> Iterator[Metric]:
        for name in ("count", "total", "average", "fastest", "slowest", "rps"):
            yield self._gauge(f"ghz_run_{name}", self._report[name])
        yield self._histogram()
        yield self._summary()
        yield self._gauge("ghz_run_errors", sum(self._report["errorDistribution"].values()))

    def _gauge(self, name: str, value: float) -> Metric:
        metric = Metric(name, "", "gauge")
        metric.add_sample(name, self._labels, value)
        return metric

    def _histogram(self) -> Metric:
        metric = Metric("ghz_run_histogram", "", "histogram")
        seen = 0
        for row in self._report["histogram"]:
            seen += row["count"]
            metric.add_sample("ghz_run_histogram_bucket", {**self._labels, "le": repr(row["mark"])}, seen)
        metric.add_sample("ghz_run_histogram_bucket", {**self._labels, "le": "+Inf"}, seen)
        metric.add_sample("ghz_run_histogram_sum", self._labels, self._report["average"] * seen / 1e9)
        metric.add_sample("ghz_run_histogram_count", self._labels, seen)
        return metric

    def _summary(self) -> Metric:
        metric = Metric("ghz_run_latency", "", "summary")
        seen = sum(row["count"] for row in self._report["histogram"])
        for each in self._report["latencyDistribution"] if seen else ():
            quantile = f"{each['percentage'] / 100:.6g}"
            metric.add_sample("ghz_run_latency", {**self._labels, "quantile": quantile}, each["latency"])
        metric.add_sample("ghz_run_latency_sum", self._labels, self._report["average"] * seen)
        metric.add_sample("ghz_run_latency_count", self._labels, seen)
        return metric


def _labels(report: Mapping[str, Any]) -> dict[str, str]:
    """The options, as ghz has them; data and metadata stay out there too."""
    options = dict(report["options"])
    labels = {"name": report.get("name", ""), "end_reason": report["endReason"]}
    always: dict[str, object] = {
        "skipTLS": False,
        "async": False,
        "count-errors": False,
        "rps": 0,
        "duration": 0,
        "keepalive": 0,
    }
    always |= {"skipFirst": 0, "timeout": 0, "import-paths": []}
    for name, value in (always | options).items():
        schedule = next((each for each in ("concurrency", "load") if name.startswith(f"{each}-")), None)
        if name in ("data", "metadata") or (schedule and options[f"{schedule}-schedule"] == "const"):
            continue
        labels[name.replace("-", "_")] = _label(value)
    return labels


def _label(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _influx_tags(report: Mapping[str, Any]) -> str:
    options = report["options"]
    tags = [f'name="{_escaped(report["name"].strip())}"'] if "name" in report else []
    if "proto" in options:
        tags.append(f'proto="{options["proto"]}"')
    elif "protoset" in options:
        tags.append(f'Protoset="{options["protoset"]}"')
    tags += [f'call="{options["call"]}"', f'host="{options["host"]}"', f"n={options['total']}"]
    tags += _schedule_tags(options, "concurrency", "c") + _schedule_tags(options, "load", "rps")
    tags.append(f"z={options.get('duration', 0)}")
    for tag, name in (("timeout", "timeout"), ("dial_timeout", "dial-timeout"), ("keepalive", "keepalive")):
        tags.append(f"{tag}={options.get(name, 0) / 1e9:g}")
    tags.append(f"data={_json_tag(options.get('data'), always=True)}")
    tags.append(f"metadata={_json_tag(options.get('metadata'))}")
    tags.append(f"tags={_json_tag(report.get('tags'))}")
    return ",".join(tags)


def _schedule_tags(options: Mapping[str, Any], kind: str, constant: str) -> list[str]:
    if options[f"{kind}-schedule"] in ("const", "poisson"):
        return [f"{constant}={options.get('concurrency' if kind == 'concurrency' else 'rps', 0)}"]
    names = ("schedule", "start", "end", "step")
    found = [f"{kind}-{name}={options[f'{kind}-{name}']}" for name in names]
    durations = ("step-duration", "max-duration")
    return found + [f"{kind}-{name}={options[f'{kind}-{name}'] / 1e9:g}s" for name in durations]


def _json_tag(value: object, *, always: bool = False) -> str:
    if not value and not always:
        return '""'
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return _escaped(json.dumps(text, ensure_ascii=False))


def _escaped(text: str) -> str:
    return text.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")


def _unix_ns(moment: str) -> int:
    """Of an RFC 3339 time with up to nine digits of a second's fraction."""
    whole, _, rest = moment.partition(".")
    digits = rest.rstrip("Z").partition("+")[0]
    return round(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 1_000_000_000 + int(digits.ljust(9, "0"))
