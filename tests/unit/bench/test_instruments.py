"""What the comparison of load generators reads and concludes, and the programs in C that it stands on."""

import json
import subprocess
from pathlib import Path

import pytest

from bench import instruments, native_programs
from bench.hello import HOST
from bench.instrument_runs import Broken, Load, as_seen, ghz_summary
from bench.precision import probe
from gatelab.grpc_wire.protowire import chunk
from gatelab.load import LoadPlan, run_blocking

with_cc = pytest.mark.skipif(not native_programs.built("sink"), reason=native_programs.MISSING)
SUMMARY = """
Summary:
  Count:	200
  Requests/sec:	1234.50

Status code distribution:
  [OK]   200 responses
"""


def test_a_summary_of_ghz_is_read() -> None:
    seen = ghz_summary(SUMMARY, 0.5)
    assert (seen.count, seen.rps, seen.cpu_s) == (200, 1234.5, 0.5)


def test_a_run_with_errors_is_not_measured() -> None:
    with pytest.raises(Broken, match="Unavailable"):
        ghz_summary(SUMMARY.replace("[OK]   200", "[OK]   199 responses\n  [Unavailable]   1"), 0.5)
    report = {"statusCodeDistribution": {"OK": 1, "Internal": 1}, "errorDistribution": {"boom": 1}}
    with pytest.raises(Broken, match="boom"):
        as_seen(json.dumps(report), 0.5)


def test_goals_are_judged_by_the_ratios() -> None:
    medians = {
        "gatelab": {"sink fixed cpu_us": 10.0, "sink fixed rps": 60_000.0},
        "ghz": {"sink fixed cpu_us": 80.0, "sink fixed rps": 25_000.0},
        "h2load": {"sink fixed cpu_us": 1.0, "sink fixed rps": 300_000.0},
    }
    ratios = instruments.ratios_of(medians)
    assert ratios["sink fixed cpu_us"] == {"gatelab : ghz": 0.125, "gatelab : h2load": 10.0}
    missed = [goal for goal in instruments.GOALS if not instruments.is_met(goal, ratios)]
    # Of k6 there is no figure.
    assert missed == ["cpu, gatelab : k6", "cpu, gatelab : h2load", "rate, gatelab : ghz", "rate, gatelab : k6"]


def test_another_one_begins_at_each_turn() -> None:
    assert [instruments.turned("abc", turn)[0] for turn in range(4)] == ["a", "b", "c", "a"]


@with_cc
def test_the_sink_answers_every_call() -> None:
    with native_programs.sink(HOST) as (port, _):
        plan = LoadPlan(
            host=HOST, port=port, path="/a.B/C", message=chunk(1, "x"), connections=2, concurrency=500, total=2000
        )
        result = run_blocking(plan)
    assert (result.count, result.statuses) == (2000, {"OK": 2000})


@with_cc
def test_the_probe_hears_every_answer(tmp_path: Path) -> None:
    with native_programs.sink(HOST) as (port, _):
        seen = probe(Load(port, HOST, tmp_path, rate=2000, seconds=0.2))
    assert seen.count == 400
    assert 0 < seen.percentiles_ms["p50"] <= seen.percentiles_ms["p99"]


@with_cc
def test_the_probe_fails_without_a_server() -> None:
    nobody = [native_programs.built("probe"), HOST, "1", "/a.B/C", "00", "10", "1", "1"]
    done = subprocess.run(nobody, capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, "cannot connect" in done.stderr) == (1, True)
