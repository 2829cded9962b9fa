"""What may be claimed of the requests of a program of others."""

from typing import Any

import pytest

from gatelab.experiment.passage.figures import NAMES, PassageExpectation
from gatelab.experiment.passage.report import GatewayReport, RuleReport
from gatelab.experiment.passage.verdict import checks, verdict
from gatelab.experiment.report import Result, SpreadReport, SpreadTest


def rule(*, ok: int = 100, errors: int = 0, result: Result = "pass", **changes: Any) -> RuleReport:
    test = SpreadTest(result=result, unit="request", units=100, needed=1, bound=0.2, confidence=0.95, sentence="said")
    spread = SpreadReport(pods_hit=2, max_minus_min=20, coefficient_of_variation=0.2, jain=0.96, test=test)
    fields: dict[str, Any] = {
        "gateway": "shop/front",
        "routes": ("shop/till rule 0",),
        "requests": ok + errors,
        "ok": ok,
        "errors": errors,
        "pods": {"a": 60, "b": 40, "c": 0},
        "unattributed": 0,
        "without_pod": 0,
        "spread": spread,
        "weights": None,
    }
    return RuleReport(**fields | changes)


def gateway(*, unrouted: int) -> GatewayReport:
    return GatewayReport(
        gateway="shop/front",
        received=100,
        passed_on=100 - unrouted,
        unrouted=unrouted,
        handshakes_failed=0,
        envoys=1,
        workers=1,
        readings=2,
        unknown="",
        notes=(),
    )


@pytest.mark.parametrize(
    ("ok", "errors", "forgives", "results"),
    [
        (100, 0, False, {"arrived": "pass", "errors": "pass", "spread": "pass"}),
        (99, 1, False, {"arrived": "pass", "errors": "fail", "spread": "pass"}),
        (99, 1, True, {"arrived": "pass", "spread": "pass"}),
        (0, 100, False, {"arrived": "fail"}),
        (0, 100, True, {"arrived": "pass", "spread": "pass"}),
    ],
)
def test_claims(ok: int, errors: int, forgives: bool, results: dict[str, str]) -> None:
    found = checks([], [rule(ok=ok, errors=errors)], forgives_errors=forgives)
    assert {each.name: each.result for each in found} == results


@pytest.mark.parametrize(
    ("result", "matters", "said"),
    [
        ("pass", False, "pass"),
        ("inconclusive", False, "inconclusive"),
        ("inconclusive", True, "fail"),
        ("fail", False, "fail"),
    ],
)
def test_a_spread_that_nobody_asked_about_may_stay_open(result: Result, matters: bool, said: str) -> None:
    assert verdict(checks([], [rule(result=result)], forgives_errors=False), spread_matters=matters) == said


@pytest.mark.parametrize(
    ("text", "result", "sentence"),
    [
        ("errors==0", "fail", "errors is 2, expected errors==0"),
        ("error_rate<=2%", "pass", "error_rate is 0.02, expected error_rate<=2%"),
        ("ok>90", "pass", "ok is 98, expected ok>90"),
        ("count==100", "pass", "count is 100, expected count==100"),
        ("pods==3", "fail", "pods is 2, expected pods==3"),
        ("spread.jain>=0.95", "pass", "spread.jain is 0.96, expected spread.jain>=0.95"),
    ],
)
def test_expectations(text: str, result: str, sentence: str) -> None:
    found = PassageExpectation.parse(text).check([], [rule(ok=98, errors=2)])
    assert (found.name, found.result, found.sentence) == (text, result, sentence)


def test_what_the_gateway_answered_itself_has_failed() -> None:
    rules, gateways = [rule(ok=90, errors=4, without_pod=4)], [gateway(unrouted=6)]
    found = {each.name: each for each in checks(gateways, rules, forgives_errors=False)}
    assert found["errors"].result == "fail"
    said = "10 of 100 requests failed, as the Gateway saw it, 4 found no pod ready, 6 no rule took"
    assert found["errors"].sentence.startswith(said)
    assert PassageExpectation.parse("error_rate==10%").check(gateways, rules).result == "pass"
    assert PassageExpectation.parse("count==100").check(gateways, rules).result == "pass"
    assert PassageExpectation.parse("spread.cv<1").check([gateway(unrouted=6)], []).result == "fail"


def test_of_the_spread_every_rule_must_meet_them() -> None:
    other = rule(routes=("shop/book rule 0",))
    found = PassageExpectation.parse("spread.max_minus_min<=20").check([], [rule(), other])
    assert found.result == "pass"
    assert "20 (shop/till rule 0 of shop/front), 20 (shop/book rule 0 of shop/front)" in found.sentence


@pytest.mark.parametrize("name", NAMES)
def test_of_nothing_nothing_is_met(name: str) -> None:
    assert PassageExpectation.parse(f"{name}>=0").check([], []).result == "fail"


@pytest.mark.parametrize("text", ["p99<10ms", "jain>1", "errors"])
def test_what_is_no_expectation(text: str) -> None:
    with pytest.raises(ValueError, match=r"there are errors, ok|is not NAME.*: write it as 'errors==0'"):
        PassageExpectation.parse(text)
