"""The report as ghz's JSON, from which the other formats are made."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gatelab.cli.load.options import Options
from gatelab.cli.load.output import PERCENTILES, notes, rows
from gatelab.load import CallDetail, GeneratorResult, Histogram, LoadResult, Second, WarmUp
from gatelab.spread import Spread

if TYPE_CHECKING:
    from gatelab.cli.load.expectations import Finding

_MANY: Final = 2**31 - 1
"""The total that ghz shows of a run that ends by time."""
_PRIVATE: Final = re.compile(r"auth|token|secret|password|cookie|key", re.IGNORECASE)


def document(
    result: LoadResult,
    spread: Spread,
    options: Mapping[str, Any],
    *,
    name: str | None,
    tags: Mapping[str, str] | None = None,
    findings: "Sequence[Finding]" = (),
) -> dict[str, Any]:
    """ghz's report as JSON (durations in ns), and below `pods` what ghz has not."""
    service, response = result.service, result.response
    return {
        **({"name": name} if name else {}),
        "date": datetime.fromtimestamp(result.started, UTC).isoformat(timespec="milliseconds"),
        "endReason": result.end_reason,
        "options": dict(options),
        "count": result.count,
        "total": round(result.elapsed_s * 1e9),
        "average": round(service.mean_ns),
        "fastest": service.min_ns,
        "slowest": service.max_ns,
        "rps": result.rps,
        "errorDistribution": dict(result.error_messages),
        "statusCodeDistribution": dict(result.statuses),
        "latencyDistribution": _distribution(service),
        "histogram": [
            {"mark": mark / 1e9, "count": count, "frequency": count / service.count} for mark, count in rows(service)
        ],
        "details": [_detail(each) for each in result.details],
        **({"tags": dict(tags)} if tags else {}),
        "pods": {pod: count for pod, count in spread.counts.items() if count},
        "spread": _spread(spread),
        "connections": [
            {"target": f"{each.target[0]}:{each.target[1]}", "count": each.count, "pods": dict(each.pods)}
            for each in result.connections
        ],
        "errors": result.errors,
        "responseTimeDistribution": _distribution(response),
        "intendedRps": result.intended_rps,
        "unsent": result.unsent,
        "waited": result.waited,
        "retried": result.retried,
        "series": [_second(each) for each in result.series],
        "generator": [_generator(each) for each in result.generators],
        **({"warmUp": _warm_up(result.warm_up)} if result.warm_up is not None else {}),
        "expectations": [{"expectation": each.text, "met": each.met, "value": each.value} for each in findings],
        "notes": list(notes(result)),
    }


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "maxMinusMin": spread.max_minus_min,
        "coefficientOfVariation": spread.coefficient_of_variation,
        "jain": spread.jain,
    }


def _second(second: Second) -> dict[str, Any]:
    return {
        "second": second.second,
        "ok": second.ok,
        "errors": second.errors,
        "p50": second.p50_ns,
        "p99": second.p99_ns,
        "max": second.max_ns,
    }


def _generator(generator: GeneratorResult) -> dict[str, Any]:
    lateness = generator.lateness
    return {
        "cpu": generator.cpu,
        "starved": generator.starved,
        "late": generator.late,
        "lateness": {"p50": lateness.percentile(50), "p99": lateness.percentile(99), "max": lateness.max_ns},
    }


def shown_options(options: Options, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """The options under the names of ghz's report, durations in ns; secrets of the metadata are withheld."""
    optional = {
        "proto": options.proto,
        "protoset": options.protoset,
        "import-paths": _import_paths(options),
        "enable-compression": options.enable_compression,
        "cacert": options.cacert,
        "cert": options.cert,
        "key": options.key,
        "cname": options.cname,
        "skipTLS": options.skip_tls,
    }
    return {
        "call": options.call,
        "host": options.host,
        **_given(optional),
        "insecure": options.insecure,
        **_given({"authority": options.authority, "rps": _whole(options.rps)}),
        **_schedules(options),
        **_given(
            {
                "total": _MANY if options.duration else options.total,
                "async": options.async_,
                "connections": options.connections,
                "duration": _ns(options.total_s),
                "timeout": _ns(options.timeout),
                "dial-timeout": _ns(options.connect_timeout),
                "keepalive": _ns(options.keepalive),
                "data": _data(options),
            }
        ),
        "binary": bool(options.binary or options.binary_file),
        **_given({"metadata": {name: _open(name, value) for name, value in (metadata or {}).items()}}),
        "CPUs": options.cpus or options.processes,
        **_given({"name": options.name, "skipFirst": options.skip_first, "count-errors": options.count_errors}),
    }


def _warm_up(found: WarmUp) -> dict[str, Any]:
    return {"count": found.count, "errors": found.errors, "total": round(found.elapsed_s * 1e9)}


def _schedules(options: Options) -> dict[str, Any]:
    line = options.concurrency_schedule == "line"
    return {
        "load-schedule": options.load_schedule,
        "load-start": options.load_start,
        "load-end": options.load_end,
        "load-step": options.load_step,
        "load-step-duration": _ns(1.0 if options.load_schedule == "line" else options.load_step_duration),
        "load-max-duration": _ns(options.load_max_duration),
        "concurrency": options.concurrency,
        "concurrency-schedule": options.concurrency_schedule,
        "concurrency-start": options.concurrency_start,
        "concurrency-end": options.concurrency_end,
        "concurrency-step": options.concurrency_step,
        "concurrency-step-duration": _ns(1.0 if line else options.concurrency_step_duration),
        "concurrency-max-duration": _ns(options.concurrency_max_duration),
    }


def _import_paths(options: Options) -> list[str]:
    """With what is added to those of the command line."""
    given = [path for path in (options.import_paths or "").split(",") if path]
    if not options.proto:
        return []
    folder = str(Path(options.proto).parent)
    return [*([folder] if folder != "." else []), ".", *given]


def _data(options: Options) -> object:
    if options.data in (None, "", "@"):
        return None
    try:
        return json.loads(options.data or "")
    except json.JSONDecodeError:
        return options.data


def _open(name: str, value: str) -> str:
    return "(withheld)" if _PRIVATE.search(name) else value


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty, as Go's omitempty has it."""
    return {name: value for name, value in values.items() if value not in (None, "", 0, False, [], {})}


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _detail(call: CallDetail) -> dict[str, Any]:
    second, fraction = divmod(call.ended_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "timestamp": f"{moment}.{fraction:09d}Z",
        "latency": call.latency_ns,
        "error": call.error,
        "status": call.status,
    }


def _distribution(histogram: Histogram) -> list[dict[str, float]]:
    found = histogram.percentiles(PERCENTILES)
    return [
        {"percentage": int(percent) if percent.is_integer() else percent, "latency": latency}
        for percent, latency in zip(PERCENTILES, found, strict=True)
    ]
