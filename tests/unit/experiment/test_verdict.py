from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gatelab.experiment.counting import by_metadata
from gatelab.experiment.engines.engine import PathLoad
from gatelab.experiment.file import Expect
from gatelab.experiment.report import Check, PathReport
from gatelab.experiment.verdict import checks, path_report, verdict
from gatelab.load import ConnectionResult, LoadResult

MakeResult = Callable[..., LoadResult]
PODS = [f"pod-{number}" for number in range(5)]
EVEN = dict.fromkeys(PODS, 200)
ONE = {"pod-0": 1000}


def reported(result: LoadResult, expect: Expect | None = None, unit: str = "request") -> PathReport:
    return path_report(result, PODS, expect or Expect(), unit, by_metadata(PathLoad(result)))


@pytest.fixture
def judged(make_result: MakeResult) -> Callable[..., dict[str, Check]]:
    def judge(l7: Mapping[str, int] = EVEN, l4: Mapping[str, int] = ONE, **options: Any) -> dict[str, Check]:
        expect = Expect(**options.pop("expect", {}))
        results = {"l7": make_result(l7, **options), "l4": make_result(l4), "direct": make_result(ONE)}
        reports = {
            name: reported(result, expect, "request" if name == "l7" else "connection")
            for name, result in results.items()
        }
        return {check.name: check for check in checks(reports, expect, 5)}

    return judge


Judge = Callable[..., dict[str, Check]]


def test_an_even_gateway_over_a_pinned_service_passes(judged: Judge) -> None:
    found = judged()
    assert verdict(list(found.values())) == "pass"
    assert found["l7_spread"].sentence.startswith("L7: every pod's share is within ±20% of an even 1/5")
    assert found["l4_pinned"].sentence == "L4: the connection stayed on one pod"


def test_a_gateway_that_pins_fails(judged: Judge) -> None:
    found = judged(l7=ONE)
    assert (found["l7_spread"].result, verdict(list(found.values()))) == ("fail", "fail")


def test_too_few_requests_are_no_pass(judged: Judge) -> None:
    found = judged(l7=dict.fromkeys(PODS, 20))
    assert (found["l7_spread"].result, verdict(list(found.values()))) == ("inconclusive", "fail")
    assert "100 requests cannot tell" in found["l7_spread"].sentence


def test_a_pod_without_requests_is_seen(judged: Judge) -> None:
    assert judged(l7=dict.fromkeys(PODS[:4], 250))["l7_spread"].result == "fail"


def test_a_service_that_spreads_is_no_control(judged: Judge) -> None:
    found = judged(l4=EVEN)
    assert found["l4_pinned"].result == "fail"
    assert "1 of 1 connections reached more than one pod" in found["l4_pinned"].sentence
    assert "l4_pinned" not in judged(l4=EVEN, expect={"l4_pinned": False})


def test_without_a_call_nothing_is_said_of_who_answered(judged: Judge) -> None:
    found = judged(l4={})["l4_pinned"]
    assert (found.result, found.sentence) == ("inconclusive", "L4: no call ended, so no connection was seen")


def test_a_reconnection_may_change_the_pod(make_result: MakeResult) -> None:
    moved = ConnectionResult(target=("127.28.0.1", 1), count=9, pods={"pod-0": 5, "pod-1": 4}, reconnects=1)
    l4 = reported(make_result({"pod-0": 5, "pod-1": 4}, connections=(moved,)), unit="connection")
    l7 = reported(make_result(EVEN))
    found = {check.name: check.result for check in checks({"l7": l7, "l4": l4, "direct": l4}, Expect(), 5)}
    assert found["l4_pinned"] == "pass"
    assert l4.notes == ("connections were made anew 1 times",)


def test_errors_are_counted_against_what_is_allowed(judged: Judge) -> None:
    found = judged(errors=2)
    assert found["errors"].sentence == "2 failed calls (l7 2, l4 0, direct 0), 0 allowed"
    assert found["errors"].result == "fail"
    assert judged(errors=2, expect={"errors": 2})["errors"].result == "pass"


def test_silence_is_no_success(judged: Judge) -> None:
    found = judged(l7={})
    assert (found["errors"].result, found["errors"].sentence) == ("fail", "no call ended on l7")


def test_a_backend_that_does_not_name_itself(judged: Judge) -> None:
    found = judged(l7={}, count=1000)
    assert found["l7_spread"].result == "inconclusive"
    assert "x-pod-name" in found["l7_spread"].sentence


def test_limits(judged: Judge) -> None:
    found = judged(expect={"p50": "3ms", "p99": "1ms", "pods": 6})
    assert {name: check.result for name, check in found.items() if name in ("p50", "p99", "pods")} == {
        "p50": "pass",
        "p99": "fail",
        "pods": "fail",
    }
    assert found["p99"].sentence == "L7 p99 is 2.00 ms, at most 1 ms allowed"


def test_l4_is_judged_by_connections(make_result: MakeResult) -> None:
    found = reported(make_result(ONE), unit="connection")
    assert found.pods == {"pod-0": 1000, "pod-1": 0, "pod-2": 0, "pod-3": 0, "pod-4": 0}
    assert (found.spread.test.units, found.spread.test.result) == (1, "inconclusive")
    assert (found.spread.max_minus_min, found.spread.pods_hit) == (1000, 1)
