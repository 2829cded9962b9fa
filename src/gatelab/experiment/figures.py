"""The figures of paths and reports: their names, units, and which way is better. Pure.

Names are those of `gatelab load --expect`. Without a prefix they are the Gateway's path's, or those of the one path
that was measured; `l4.` and `direct.` are the other paths'. Of what was not measured there is no figure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gatelab.experiment.expression import Expression, Unit
from gatelab.experiment.report import PathReport, Percentiles, Report, WeightsReport

Better = Literal["lower", "higher", "neither"]
PATHS: Final = ("l4", "direct")
"""Those with a prefix."""
_PERCENTS: Final = {name.replace("_", "."): name for name in Percentiles.__struct_fields__}


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of a figure by its name.

    `grain` is the least difference that matters to anybody: an absolute one. Where `is_relative`, a difference must
    also be beyond the tolerance that is given in per cent; of indexes and rates per cent of per cent say nothing.
    """

    meaning: str
    unit: Unit
    better: Better
    grain: float
    is_relative: bool = True


def _times(prefix: str, meaning: str) -> dict[str, Figure]:
    what = {each: f"{each[1:]}th percentile of the {meaning}" for each in _PERCENTS}
    return {f"{prefix}{name}": Figure(text, "duration", "lower", 20_000) for name, text in what.items()}


_OF_PATH: Final[Mapping[str, Figure]] = {
    **_times("", "service time"),
    **_times("response.", "response time"),
    "errors": Figure("calls that were not OK", "number", "lower", 0, is_relative=False),
    "ok": Figure("calls that were", "number", "neither", 0),
    "error_rate": Figure("errors by calls, as a number or with %", "number", "lower", 0.001, is_relative=False),
    "count": Figure("calls", "number", "neither", 0),
    "rps": Figure("calls a second that ended", "number", "higher", 0.1),
    "reconnects": Figure("connections that were made anew", "number", "lower", 0, is_relative=False),
    "pods": Figure("pods that got a call", "number", "neither", 0, is_relative=False),
    "spread.max_minus_min": Figure("calls of the busiest pod less those of the idlest", "number", "lower", 10),
    "spread.max_over_min": Figure("calls of the busiest pod by those of the idlest", "number", "lower", 0.05),
    "spread.cv": Figure("coefficient of variation", "number", "lower", 0.05, is_relative=False),
    "spread.jain": Figure("Jain's index, 1 when even", "number", "higher", 0.02, is_relative=False),
}
_OF_RUN: Final[Mapping[str, Figure]] = {
    **_times("added_latency.", "service time, less that of the direct path"),
    "memory": Figure("bytes of all nodes, by the metrics API", "number", "lower", 1e6),
    "cpu.total_millicores": Figure("CPU of the namespace's pods, by the metrics API", "number", "lower", 10),
    "weights.<backend>.share": Figure(
        "share of a backend of a rule with several", "number", "neither", 0.02, is_relative=False
    ),
}
_OF_START: Final[Mapping[str, Figure]] = {
    "startup": Figure("from `gatelab up` to a ready API", "duration", "lower", 1e6),
    "first_ok": Figure("to the first OK call", "duration", "lower", 1e6),
    "pods_ready": Figure("until all pods were ready", "duration", "lower", 1e6),
}
FIGURES: Final[Mapping[str, Figure]] = {
    **_OF_PATH,
    **{f"{path}.{name}": figure for path in PATHS for name, figure in _OF_PATH.items()},
    **_OF_RUN,
    **_OF_START,
}
_OF_BACKEND: Final = re.compile(r"weights\..+\.share")
OF_ERRORS: Final = frozenset(name for name in FIGURES if name.rpartition(".")[2] in ("errors", "error_rate", "ok"))
"""Judged run by run: a median hides the one run that failed."""


def figure_of(name: str) -> Figure | None:
    """What is known of a figure; those of a backend have its name, `namespace/name:port`, in theirs."""
    return FIGURES["weights.<backend>.share"] if _OF_BACKEND.fullmatch(name) else FIGURES.get(name)


def parse_expression(text: str) -> Expression:
    """An expectation of a figure. Raises ValueError saying what would be right."""
    return Expression.parse(text, _unit, _shown_names())


def of_path(path: PathReport, duration_s: float) -> dict[str, float]:
    """The figures of one path under load for `duration_s`."""
    answered = path.statuses.get("OK", 0)
    found: dict[str, float] = {}
    if answered:
        for prefix, times in (("", path.service_time_ns), ("response.", path.response_time_ns)):
            if times is None:
                continue
            found |= {f"{prefix}{name}": getattr(times, field) for name, field in _PERCENTS.items()}
    found |= {
        "errors": path.errors,
        "ok": path.requests - path.errors,
        "error_rate": path.errors / path.requests if path.requests else 1.0,
        "count": path.requests,
        "rps": round(path.requests / duration_s, 3),
    }
    if path.connections:
        found["reconnects"] = sum(each.reconnects for each in path.connections)
    return found | _of_spread(path)


def _of_spread(path: PathReport) -> dict[str, float]:
    spread = path.spread
    if path.counting.source in ("cpu", "none") or not sum(path.pods.values()):
        return {}
    over = {} if spread.max_over_min is None else {"spread.max_over_min": spread.max_over_min}
    return {
        "pods": spread.pods_hit,
        "spread.max_minus_min": spread.max_minus_min,
        **over,
        "spread.cv": spread.coefficient_of_variation,
        "spread.jain": spread.jain,
    }


def of_paths(
    paths: Mapping[str, PathReport],
    duration_s: float,
    memory_bytes: int | None = None,
    cpu_millicores: Mapping[str, float] | None = None,
    weights: WeightsReport | None = None,
) -> dict[str, float]:
    """The figures of a run. Of several paths those of the Gateway have no prefix."""
    if len(paths) == 1:
        found = of_path(next(iter(paths.values())), duration_s)
    else:
        found = of_path(paths["l7"], duration_s)
        for name in PATHS:
            found |= {f"{name}.{figure}": value for figure, value in of_path(paths[name], duration_s).items()}
        found |= _added(paths)
    shares = {f"weights.{each.backend}.share": each.share for each in weights.backends} if weights else {}
    cpu = {"cpu.total_millicores": round(sum(cpu_millicores.values()), 3)} if cpu_millicores else {}
    return found | shares | cpu | ({} if memory_bytes is None else {"memory": memory_bytes})


def _added(paths: Mapping[str, PathReport]) -> dict[str, float]:
    if not all(paths[name].statuses.get("OK") for name in ("l7", "direct")):
        return {}
    added = paths["l7"].service_time_ns.less(paths["direct"].service_time_ns)
    return {f"added_latency.{name}": getattr(added, field) for name, field in _PERCENTS.items()}


def of_report(report: Report) -> dict[str, float]:
    """The figures of a single run's report."""
    paths = {"l7": report.l7, "l4": report.l4, "direct": report.direct}
    found = of_paths(paths, report.load.duration_s, report.memory_pss_bytes, report.cpu_millicores, report.weights)
    start_s = {"first_ok": report.first_ok_s, "pods_ready": report.pods_ready_s, "startup": report.startup_s}
    return found | {name: round(value * 1e9) for name, value in start_s.items() if value is not None}


def _unit(name: str) -> Unit | None:
    figure = figure_of(name)
    return figure.unit if figure else None


def _shown_names() -> list[str]:
    percents = "p10, p25, p50, p75, p90, p95, p99, p99.9, p99.99"
    others = [name for name in (*_OF_PATH, *_OF_RUN, *_OF_START) if name.rpartition(".p")[1] == "" and name[0] != "p"]
    return [
        percents,
        "the same after `response.` and `added_latency.`",
        "pods",
        "pods_ready",
        *others,
        "l4.… and direct.…",
    ]
