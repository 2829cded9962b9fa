"""The tables in the documents that compare `load` and `call` with their peers, made of the results in docs/bench.

`PYTHONPATH=tests python -m bench.comparison` writes them anew between their markers; so does a measurement of theirs. A
test compares the pages with the results.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- made by tests/bench/comparison.py -->\n", "<!-- to here -->\n"
_GOALS = {
    "cpu": "CPU time of a call",
    "rate": "rate of one core",
    "p50": "p50 at 1,000 calls/s",
    "p99": "p99 at 1,000 calls/s",
}


def rewrite() -> None:
    for name, section in PAGES.items():
        page = DOCS / name
        before, _, rest = page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}{section()}{END}{after}")


def load_section() -> str:
    """Of docs/load.md."""
    flat_out, paced, frozen = _result("instruments"), _result("precision"), _result("frozen")
    if (without := next((each for each in (flat_out, paced) if not each["medians"]), None)) is not None:
        return f"Not measured: {without['skipped']}.\n"
    names = list(flat_out["medians"])
    versions = flat_out["peers"]
    lines = ["| | " + " | ".join(f"{each} {versions.get(each, '')}".strip() for each in names) + " |"]
    lines.append("|---|" + "---:|" * len(names))
    for title, values in (*_flat_out_rows(flat_out), *_paced_rows(paced), *_frozen_rows(frozen)):
        lines.append(f"| {title} | " + " | ".join(values.get(each, "") for each in names) + " |")
    return "\n".join([*lines, "", _machine(flat_out), _missed(flat_out, paced)]) + "\n"


def call_section() -> str:
    """Of docs/call.md."""
    start = _result("start")
    lines = ["| from start to end | wall ms | CPU ms |", "|---|---:|---:|"]
    lines += [f"| `{name}` | {each['wall_ms']:.0f} | {each['cpu_ms']:.0f} |" for name, each in start["medians"].items()]
    return "\n".join([*lines, "", _machine(start)]) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {"load.md": load_section, "call.md": call_section}
Row = tuple[str, dict[str, str]]


def _flat_out_rows(result: Mapping[str, Any]) -> Iterator[Row]:
    rows = {
        "CPU µs a call": ("sink fixed cpu_us", "{:.1f}"),
        "calls/s of one core": ("sink fixed rps", "{:,.0f}"),
        "CPU µs a call, data from a template": ("sink templated cpu_us", "{:.1f}"),
        "CPU µs a call, against `hello`": ("hello fixed cpu_us", "{:.1f}"),
        "CPU ms of the start": ("start_cpu_ms", "{:.0f}"),
    }
    for title, (key, form) in rows.items():
        yield title, {name: form.format(each[key]) for name, each in result["medians"].items() if key in each}


def _paced_rows(result: Mapping[str, Any]) -> Iterator[Row]:
    for key in ("p50", "p99"):
        beyond = result["beyond_the_probe_ms"]
        yield f"{key} beyond the probe's, ms", {name: f"{each[key]:+.3f}" for name, each in beyond.items()}


def _frozen_rows(result: Mapping[str, Any]) -> Iterator[Row]:
    titles = {"p99": "p99 service time with a freeze, ms", "response_p99": "p99 response time with a freeze, ms"}
    for key, title in titles.items():
        yield title, {name: f"{each[key]:.1f}" for name, each in result["medians"].items() if key in each}


def _missed(flat_out: Mapping[str, Any], paced: Mapping[str, Any]) -> str:
    missed = [f"{_GOALS[what]} ({pair})" for what, pair in (each.split(", ") for each in flat_out["goals_missed"])]
    missed += [_GOALS[each] for each in paced["goals_missed"]]
    return f"Goals missed: {'; '.join(missed)}." if missed else "Every goal is met."


def _machine(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    return f"Medians of {result['runs']} runs, {machine['cpu']}, {machine['cores']} cores."


def _result(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((DOCS / "bench" / f"{name}.json").read_text())
    return result


if __name__ == "__main__":
    rewrite()
