"""The report as one page that needs no network, with ghz's sections."""

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any, Final

from gatelab.cli.load_output import duration_text
from gatelab.cli.load_tables import csv_table

_STYLE: Final = """
:root { color-scheme: light dark; --bar: light-dark(#1b7f79, #4fb3ac); --line: light-dark(#d5dadd, #3c4347); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: left; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.rows { display: grid; grid-template-columns: max-content max-content 1fr; gap: .2rem .75rem; align-items: center; }
.rows div { background: var(--bar); height: 1rem; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); }
.tags span { border: 1px solid var(--line); border-radius: .25rem; padding: .1rem .5rem; margin-right: .5rem; }
"""


def html_page(report: Mapping[str, Any]) -> str:
    """Everything of the report; calls by themselves behind two links."""
    name = report.get("name", "")
    sections = [
        ("summary", "Summary", _summary(report)),
        ("histogram", "Histogram", _histogram(report)),
        ("latency", "Latency distribution", _latencies(report)),
        ("status", "Status distribution", _shares("Status", report["statusCodeDistribution"], report["count"])),
    ]
    if report["errorDistribution"]:
        sections.append(("errors", "Errors", _shares("Error", report["errorDistribution"], report["count"])))
    if report["pods"]:
        sections.append(("pods", "Requests per pod", _shares("Pod", report["pods"], sum(report["pods"].values()))))
    if report["expectations"]:
        sections.append(("expectations", "Expectations", _expectations(report["expectations"])))
    sections.append(("data", "Data", _links(report)))
    sections.append(("options", "Options", f"<pre>{escape(json.dumps(report['options'], indent=2))}</pre>"))
    notes = "".join(f"<p>Note: {escape(note)}</p>" for note in report["notes"])
    moment = datetime.fromisoformat(report["date"]).strftime("%a %b %e %Y @ %H:%M:%S")
    title = f"ghz{' - ' + escape(name) if name else ''}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(name or report['options']['call'])}</h1><p>{moment}</p>\n"
        f"{_tags(report.get('tags', {}))}<nav>{' · '.join(_anchor(*each[:2]) for each in sections)}</nav>\n{notes}"
        + "".join(f'<h2 id="{key}">{heading}</h2>\n{body}\n' for key, heading, body in sections)
        + "</body></html>"
    )


def _anchor(key: str, heading: str) -> str:
    return f'<a href="#{key}">{heading}</a>'


def _tags(tags: Mapping[str, str]) -> str:
    shown = "".join(f"<span>{escape(name)}: {escape(value)}</span>" for name, value in tags.items())
    return f'<p class="tags">{shown}</p>\n' if shown else ""


def _summary(report: Mapping[str, Any]) -> str:
    times = [(name, duration_text(report[name.lower()])) for name in ("Total", "Slowest", "Fastest", "Average")]
    return _table((), [("Count", report["count"]), *times, ("Requests / sec", f"{report['rps']:.2f}")])


def _histogram(report: Mapping[str, Any]) -> str:
    most = max((row["count"] for row in report["histogram"]), default=0)
    return f'<div class="rows">{"".join(_bar(row, most) for row in report["histogram"])}</div>'


def _bar(row: Mapping[str, Any], most: int) -> str:
    width = 100 * row["count"] / most if most else 0
    return (
        f"<span>{row['mark'] * 1e3:.3f} ms</span><span>{row['count']}</span>"
        f'<div style="width: {width:.1f}%" title="{row["count"]}"></div>'
    )


def _latencies(report: Mapping[str, Any]) -> str:
    shown = [("Service time", "latencyDistribution")]
    if report["intendedRps"]:
        shown.append(("Response time", "responseTimeDistribution"))
    heads = ["", *(f"{each['percentage']:g} %" for each in report["latencyDistribution"])]
    return _table(heads, [[said, *(duration_text(each["latency"]) for each in report[key])] for said, key in shown])


def _shares(what: str, counts: Mapping[str, int], total: int) -> str:
    lines = [(name, count, f"{100 * count / total:.2f} %") for name, count in counts.items()]
    return _table((what, "Count", "% of Total"), lines)


def _expectations(expectations: Iterable[Mapping[str, Any]]) -> str:
    lines = [(each["expectation"], each["value"], "met" if each["met"] else "not met") for each in expectations]
    return _table(("Expectation", "Value", ""), lines)


def _links(report: Mapping[str, Any]) -> str:
    details = json.dumps(report["details"])
    return f"{_link('JSON', 'json', details)} {_link('CSV', 'csv', csv_table(report).lstrip())}"


def _link(text: str, kind: str, content: str) -> str:
    data = base64.b64encode(content.encode()).decode()
    return f'<a download="data.{kind}" href="data:text/{kind};charset=utf-8;base64,{data}">{text}</a>'


def _table(heads: Iterable[object], lines: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{escape(str(each))}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(each))}</td>' for each in line)}</tr>" for line in lines)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
