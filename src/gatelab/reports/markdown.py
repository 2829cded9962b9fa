"""Reports as Markdown, for the summaries of CI: the verdict first, then tables."""

import re
from collections.abc import Iterable, Sequence

from gatelab.experiment.matrix.report import Comparison, MatrixReport
from gatelab.experiment.report import Check, Environment, PathReport, Percentiles, Report
from gatelab.reports.matrix_tables import CHANGE_TITLES, changes, findings, overview, verdict_line

_MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "could not run": "⚠️", "better": "✅", "worse": "❌"}
_PATHS = {"direct": "direct", "l4": "L4 (Service)", "l7": "L7 (Gateway)"}


def document(report: Report | MatrixReport) -> str:
    """The whole page, GitHub's flavour."""
    parts = _of_matrix(report) if isinstance(report, MatrixReport) else _of_run(report)
    return "\n\n".join(part for part in parts if part) + "\n"


def _of_run(report: Report) -> list[str]:
    load = report.load
    paths: dict[str, PathReport] = {"direct": report.direct, "l4": report.l4, "l7": report.l7}
    over = f"{load.connections} connection{'' if load.connections == 1 else 's'}"
    what = f"{load.rps:g} calls/s for {load.duration_s:g} s over {over} on each path"
    return [
        _head(report.experiment, report.verdict, f"{report.verdict}: {what}"),
        _checks(report.checks),
        table(
            ("path", "calls", "errors", "service p50", "p99", "response p50", "p99"),
            [(_PATHS[name], *_latencies(path)) for name, path in paths.items()],
        ),
        table(("pod", "L4", "L7"), [(pod, *_counts(report, pod)) for pod in report.l7.pods]),
        _bullets([f"L7 counted {report.l7.counting.sentence}", report.expectation.sentence]),
        _bullets(f"{name}: {note}" for name, path in paths.items() for note in path.notes),
        _ending(report.environment, report.versions, report.commands),
    ]


def _latencies(path: PathReport) -> tuple[str, ...]:
    return str(path.requests), str(path.errors), *_times(path.service_time_ns), *_times(path.response_time_ns)


def _times(found: Percentiles | None) -> tuple[str, str]:
    """The median and the 99th percentile; dashes of what was not measured."""
    return ("–", "–") if found is None else (f"{found.p50 / 1e6:.2f} ms", f"{found.p99 / 1e6:.2f} ms")


def _counts(report: Report, pod: str) -> tuple[str, str]:
    found = (path.pods.get(pod, 0) if path.counting.source != "none" else None for path in (report.l4, report.l7))
    l4, l7 = ("unknown" if count is None else str(count) for count in found)
    return l4, l7


def _of_matrix(report: MatrixReport) -> list[str]:
    titles, rows = overview(report)
    result = titles.index("result")
    marked = [tuple(_marked(cell) if at == result else cell for at, cell in enumerate(row)) for row in rows]
    return [
        _head(report.experiment, report.verdict, verdict_line(report)),
        table(titles, marked),
        f"Medians of {report.repetitions} repetitions, the range in parentheses." if report.repetitions > 1 else "",
        table(("cell", "result", "what was found"), [(a, _marked(b), c) for a, b, c in findings(report)]),
        _comparison(report.comparison) if report.comparison is not None else "",
        _bullets(report.notes),
        _bullets(f"{cell.name}: {note}" for cell in report.cells for note in cell.notes),
        _ending(report.environment, report.versions, report.commands),
    ]


def _comparison(comparison: Comparison) -> str:
    rows = [(*row[:-1], _marked(row[-1])) for row in changes(comparison.changes)]
    worth = [row for row, change in zip(rows, comparison.changes, strict=True) if change.result != "same"]
    every = f"<details><summary>All {len(rows)} figures</summary>\n\n{table(CHANGE_TITLES, rows)}\n\n</details>"
    head = f"### Against the baseline: {_marked(comparison.result)}\n\n{_text(comparison.sentence)}"
    return "\n\n".join(
        part for part in (head, _bullets(comparison.notes), table(CHANGE_TITLES, worth), every if rows else "") if part
    )


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """ "" without rows."""
    if not rows:
        return ""
    lines = [titles, ["---"] * len(titles), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _head(name: str, verdict: str, sentence: str) -> str:
    return f"## {_MARKS[verdict]} {_text(name)}\n\n**{_text(sentence)}**"


def _checks(checks: Iterable[Check]) -> str:
    return table(("check", "result", ""), [(check.name, _marked(check.result), check.sentence) for check in checks])


def _marked(result: str) -> str:
    mark = _MARKS.get(result)
    return f"{mark} {result}" if mark else result


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {_text(item)}" for item in items)


def _ending(environment: Environment, versions: dict[str, str], commands: Sequence[str]) -> str:
    what = f"{environment.cpus} cores {environment.machine}, {environment.kernel}, Python {environment.python}"
    said = ", ".join(f"{name} {version}" for name, version in versions.items())
    fence = "```"
    shell = f"\n\n{fence}sh\n" + "\n".join(each.replace(fence, "") for each in commands) + f"\n{fence}"
    return f"Measured on {_text(what)}; {_text(said)}." + (shell if commands else "")


def _text(value: str) -> str:
    """Without what Markdown would take for its own: names and messages come from elsewhere."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(value.split()))
