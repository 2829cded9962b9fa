"""A load run's report as one page that needs no network, with the sections of ghz's page."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatelab.load import Second
from gatelab.reports.histogram_chart import Row, histogram_chart
from gatelab.reports.latency_chart import Curve, latency_chart
from gatelab.reports.pages import rendered
from gatelab.reports.pod_chart import Bars, pod_chart
from gatelab.reports.series_chart import Track, series_charts
from gatelab.reports.vega import Chart, Table

Document = Mapping[str, Any]
"""ghz's JSON with our additions: docs/load.md."""


def load_page(document: Document, csv: str) -> str:
    """The page; calls by themselves, as JSON and as `csv`, behind two links. Texts of users are escaped."""
    name = document.get("name", "")
    sections = _sections(document)
    return rendered(
        "load.html",
        title=f"ghz - {name}" if name else "ghz",
        heading=name or document["options"]["call"],
        moment=datetime.fromisoformat(document["date"]).strftime("%a %b %e %Y @ %H:%M:%S"),
        document=document,
        tags=document.get("tags", {}),
        sections=sections,
        verdict=_verdict(document),
        tiles_shown=_tiles(document),
        summary=_summary(document),
        histogram=_histogram(document),
        latencies=_latencies(document),
        series=_series(document),
        statuses=_shares("Status", document["statusCodeDistribution"], document["count"]),
        errors=_shares("Error", document["errorDistribution"], document["count"]),
        pods=_pods(document),
        expectations=_expectations(document),
        links=[("JSON", "json", _data("json", json.dumps(document["details"]))), ("CSV", "csv", _data("csv", csv))],
        options=json.dumps(document["options"], indent=2),
    )


def _sections(document: Document) -> dict[str, str]:
    """Anchor to heading, in the order of the page; without those that have nothing to show."""
    return {
        "summary": "Summary",
        "histogram": "Histogram",
        "latency": "Latency distribution",
        **({"series": "Second by second"} if document["series"] else {}),
        "status": "Status distribution",
        **({"errors": "Errors"} if document["errorDistribution"] else {}),
        **({"pods": "Requests per pod"} if document["pods"] else {}),
        **({"expectations": "Expectations"} if document["expectations"] else {}),
        "data": "Data",
        "options": "Options",
    }


def _verdict(document: Document) -> tuple[str, str]:
    """pass or fail, and why, as `gatelab load` has it when no expectation speaks of errors."""
    unmet = [each for each in document["expectations"] if not each["met"]]
    errors = document["errors"]
    if unmet:
        return "fail", f"{len(unmet)} of {len(document['expectations'])} expectations are not met."
    if document["expectations"]:
        return "pass", "Every expectation is met."
    return ("fail", f"{errors} of {document['count']} calls failed.") if errors else ("pass", "Every call was OK.")


def _tiles(document: Document) -> list[tuple[str, str]]:
    service = {each["percentage"]: each["latency"] for each in document["latencyDistribution"]}
    return [
        (f"{document['rps']:,.1f}/s", f"{document['count']:,} calls in {document['total'] / 1e9:.2f} s"),
        (_ms(service.get(50, 0)), "median service time"),
        (_ms(service.get(99, 0)), "99th percentile of the service time"),
    ]


def _summary(document: Document) -> Table:
    times = tuple((name, _ms(document[name.lower()])) for name in ("Total", "Slowest", "Fastest", "Average"))
    return Table((), (("Count", f"{document['count']}"), *times, ("Requests / sec", f"{document['rps']:.2f}")))


def _histogram(document: Document) -> Chart:
    rows = [Row(each["mark"] * 1e9, each["count"]) for each in document["histogram"]]
    return histogram_chart("Calls by service time", rows)


def _latencies(document: Document) -> Chart:
    shown = [("l7", "service time", "latencyDistribution")]
    if document["intendedRps"]:
        shown.append(("l4", "response time", "responseTimeDistribution"))
    curves = [
        Curve(path, title, {float(each["percentage"]): each["latency"] for each in document[field]})
        for path, title, field in shown
    ]
    return latency_chart("Latency by percentile", curves)


def _series(document: Document) -> Sequence[Chart]:
    seconds = [
        Second(
            second=each["second"],
            ok=each["ok"],
            errors=each["errors"],
            p50_ns=each["p50"],
            p99_ns=each["p99"],
            max_ns=each["max"],
        )
        for each in document["series"]
    ]
    return series_charts([Track("l7", "all calls", seconds)], ())


def _pods(document: Document) -> Chart | None:
    if not document["pods"]:
        return None
    return pod_chart("OK calls by the pod that answered", [Bars("l7", "calls", document["pods"])])


def _shares(what: str, counts: Mapping[str, int], total: int) -> Table:
    rows = tuple((name, f"{count}", f"{100 * count / total:.2f} %") for name, count in counts.items())
    return Table((what, "Count", "% of Total"), rows)


def _expectations(document: Document) -> Table:
    rows = (
        (each["expectation"], each["value"], "met" if each["met"] else "not met") for each in document["expectations"]
    )
    return Table(("Expectation", "Value", "Result"), tuple(rows))


def _data(kind: str, content: str) -> str:
    return f"data:text/{kind};charset=utf-8;base64,{base64.b64encode(content.encode()).decode()}"


def _ms(value_ns: float) -> str:
    return f"{value_ns / 1e9:.2f} s" if value_ns >= 1e9 else f"{value_ns / 1e6:.2f} ms"
