import re
from typing import Any

import pytest

from gatelab.cli.load.document import document
from gatelab.cli.load.output import summary
from gatelab.load import ConnectionResult, Histogram, LoadResult
from gatelab.spread import measure


def result(**changes: Any) -> LoadResult:
    times = Histogram()
    for number in range(1000):
        times.record(3_000_000 + 1_000 * number)
    late = Histogram()
    late.record(900_000_000)
    fields: dict[str, Any] = {
        "count": 1001,
        "errors": 1,
        "statuses": {"OK": 1000, "Unavailable": 1},
        "error_messages": {"no healthy upstream": 1},
        "pods": {"pod-a": 501, "pod-b": 499},
        "connections": (ConnectionResult(target=("127.28.0.1", 443), count=1001, pods={"pod-a": 501}, reconnects=0),),
        "service": times,
        "response": late,
        "started": 0.0,
        "elapsed_s": 10.0,
        "intended_rps": 100.0,
    }
    return LoadResult(**{**fields, **changes})


def text(**changes: Any) -> str:
    found = result(**changes)
    return summary(found, measure(found.pods), name="run")


def test_the_summary_is_ghzs() -> None:
    lines = text().splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert lines[0] == ""
    assert headings == [
        "Summary:",
        "Response time histogram:",
        "Latency distribution:",
        "Status code distribution:",
        "Error distribution:",
        "Requests per pod:",
    ]
    assert lines[2:9] == [
        "  Name:\t\trun",
        "  Count:\t1001",
        "  Total:\t10.00 s",
        "  Slowest:\t4.00 ms",
        "  Fastest:\t3.00 ms",
        "  Average:\t3.50 ms",
        "  Requests/sec:\t100.10",
    ]
    assert "  [OK]            1000 responses   " in lines
    assert "  [Unavailable]   1 responses      " in lines
    assert "  [1]   no healthy upstream   " in lines


def test_latencies_are_read_by_what_reads_ghzs() -> None:
    found = re.findall(r"^  ([\d.]+) % in ([\d.]+) ms ", text(), flags=re.MULTILINE)
    assert [percent for percent, _ in found] == ["10", "25", "50", "75", "90", "95", "99", "99.9", "99.99"]
    assert found[2][1] == "3.50"
    assert "  50 % in 3.50 ms    response time 900.00 ms " in text()


def test_a_closed_loop_has_no_response_time_of_its_own() -> None:
    assert "response time" not in text(intended_rps=0.0)


def test_the_histogram_has_eleven_rows_that_add_up() -> None:
    rows = re.findall(r"^  [\d.]+ \[(\d+)\] *\|(∎*)$", text(), flags=re.MULTILINE)
    assert len(rows) == 11
    assert sum(int(count) for count, _ in rows) == 1000
    assert max(len(bar) for _, bar in rows) == 40
    assert int(rows[0][0]) >= 1


def test_pods_and_their_spread() -> None:
    shown = text()
    assert "  pod-a  501   50.1%  |" in shown
    assert "  max - min 2, coefficient of variation 0.2%, Jain's index 1.000" in shown


def test_nothing_answered() -> None:
    nothing = text(service=Histogram(), response=Histogram(), pods={}, statuses={"Unavailable": 5}, count=5, errors=5)
    assert "Latency distribution:\n\nStatus" in nothing
    assert "Requests per pod:" not in nothing
    assert "  [Unavailable]   5 responses   " in nothing


def test_what_misleads_is_noted() -> None:
    shown = text(saturated="the generator was late", unsent=7, end_reason="cancel")
    assert "Note: the generator was late" in shown
    assert "Note: 7 calls were due and never sent" in shown
    assert "Note: the run was interrupted" in shown


def test_json_has_ghzs_keys_and_ours() -> None:
    found = result()
    written = document(found, measure(found.pods, ["pod-c"]), {"call": "a.B/C"}, name=None)
    assert (written["count"], written["total"], written["fastest"]) == (1001, 10_000_000_000, 3_000_000)
    assert written["latencyDistribution"][0] == {"percentage": 10, "latency": found.service.percentile(10)}
    assert written["latencyDistribution"][-1]["percentage"] == 99.99
    assert written["pods"] == {"pod-a": 501, "pod-b": 499}
    assert written["statusCodeDistribution"] == {"OK": 1000, "Unavailable": 1}
    assert sum(row["frequency"] for row in written["histogram"]) == pytest.approx(1)
    assert "name" not in written
