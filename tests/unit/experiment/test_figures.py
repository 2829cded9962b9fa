"""Figures by their names: those of fixed names, and those named after backends."""

import msgspec
import pytest

from gatelab.experiment.figures import of_report, parse_expression
from gatelab.experiment.matrix.cell import figure_reports
from gatelab.experiment.matrix.comparison import compared
from gatelab.experiment.report import Report, SpreadTest, WeightReport, WeightsReport
from gatelab.experiment.verdict import expectation
from matrix_reports import matrix
from sample_report import sample_report


def weighted(canary: float = 0.1) -> Report:
    shares = {"shop/stable:8080": (0.9, 1 - canary), "shop/canary:8080": (0.1, canary)}
    test = SpreadTest(result="pass", unit="request", units=1000, needed=9, bound=0.2, confidence=0.95, sentence="")
    backends = tuple(
        WeightReport(backend=name, expected=due, requests=0, share=share, low=0, high=1, result="pass")
        for name, (due, share) in shares.items()
    )
    weights = WeightsReport(route="shop/route", backends=backends, test=test, needed_for_verdict=9)
    return msgspec.structs.replace(sample_report(), weights=weights)


def test_the_share_of_a_backend_is_a_figure() -> None:
    figures = of_report(weighted(0.11))
    assert figures["weights.shop/canary:8080.share"] == 0.11
    assert expectation(parse_expression("weights.shop/canary:8080.share<=11%"), figures).result == "pass"
    assert expectation(parse_expression("weights.shop/canary:8080.share<11%"), figures).result == "fail"
    assert expectation(parse_expression("weights.shop/other:8080.share<11%"), figures).result == "fail"


def test_the_cpu_of_the_pods_is_a_figure_where_it_was_measured() -> None:
    assert of_report(weighted())["cpu.total_millicores"] == 21
    silent = msgspec.structs.replace(weighted(), cpu_millicores={})
    assert "cpu.total_millicores" not in of_report(silent)


@pytest.mark.parametrize("text", ["weights.share<1", "weights/share<1", "weights.a.shares<1", "cpu<1"])
def test_other_names_are_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no figure .*cpu\.total_millicores, weights\.<backend>\.share"):
        parse_expression(text)


def test_repetitions_and_baselines_have_them_too() -> None:
    before, now = (figure_reports([of_report(weighted(share))] * 5) for share in (0.1, 0.2))
    name = "weights.shop/canary:8080.share"
    assert (now[name].unit, now[name].better, now[name].median) == ("number", "neither", 0.2)
    whole = matrix()
    cells = [msgspec.structs.replace(whole.cells[0], figures=each) for each in (now, before)]
    reports = [msgspec.structs.replace(whole, cells=(each,)) for each in cells]
    changes = {each.figure: each.result for each in compared(*reports).changes}
    assert (changes[name], changes["cpu.total_millicores"]) == ("changed", "same")
