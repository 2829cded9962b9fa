"""The spread against what the route's weights make of it, and what the Gateway's workers are expected to do. Pure."""

from collections.abc import Mapping

from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.file import Expect
from gatelab.experiment.report import PredictionReport, SpreadReport, SpreadTest, WeightReport, WeightsReport
from gatelab.experiment.routes.route import Routed
from gatelab.spread import Equivalence, Spread, WeightedTest, assess, assess_shares, likely_sample, predict


def tested(counts: Mapping[str, int], expected: Mapping[str, float], expect: Expect, *, unit: str) -> SpreadTest:
    """The test of `counts` against `expected` shares; against an even spread where there are none."""
    bound, confidence = expect.bound, expect.confidence_level
    if expected:
        return _said(assess_shares(counts, expected, bound=bound, confidence=confidence, unit=unit), expect, unit)
    return _said(assess(tuple(counts.values()), bound=bound, confidence=confidence, unit=unit), expect, unit)


def spread_report(spread: Spread, test: SpreadTest, expected: Mapping[str, float]) -> SpreadReport:
    """The figures of one spread beside the test of it."""
    over_min = spread.max_over_min
    return SpreadReport(
        pods_hit=spread.pods_hit,
        max_minus_min=spread.max_minus_min,
        coefficient_of_variation=round(spread.coefficient_of_variation, 6),
        jain=round(spread.jain, 6),
        test=test,
        max_over_min=None if over_min is None else round(over_min, 6),
        expected={pod: round(share, 9) for pod, share in sorted(expected.items())},
    )


def weights_report(routed: Routed, backends: Mapping[str, int], expect: Expect) -> WeightsReport:
    """Each backend's share of the requests, its interval, and the share that its weight gives it."""
    expected = {each.name: each.share for each in routed.backends}
    found = assess_shares(backends, expected, bound=expect.bound, confidence=expect.confidence_level, what="backend")
    shares = tuple(
        WeightReport(
            backend=each.name,
            expected=round(each.expected, 9),
            requests=each.count,
            share=round(each.share, 9),
            low=round(each.interval[0], 9),
            high=round(each.interval[1], 9),
            result=each.result,
        )
        for each in found.shares
    )
    needed = likely_sample(
        [each.share for each in routed.backends if each.share], bound=expect.bound, confidence=expect.confidence_level
    )
    return WeightsReport(
        route=routed.route, backends=shares, test=_said(found, expect, "request"), needed_for_verdict=needed
    )


def prediction_report(envoy: EnvoyCounts, connections: int, pods: int) -> PredictionReport | None:
    """What was to be expected of the Gateway; None when the Envoys do not say how many workers they have."""
    if not envoy.workers:
        return None
    found = predict(requests=envoy.total, connections=connections, workers=envoy.workers, pods=pods)
    return PredictionReport(
        connections=connections,
        workers=envoy.workers,
        mean_workers_hit=round(found.mean_workers_hit, 6),
        most_max_minus_min=found.most_max_minus_min,
        random_coefficient_of_variation=round(found.random_coefficient_of_variation, 6),
        sentence=found.sentence,
    )


def _said(test: Equivalence | WeightedTest, expect: Expect, unit: str) -> SpreadTest:
    return SpreadTest(
        result=test.result,
        unit=unit,
        units=test.units,
        needed=test.needed,
        bound=expect.bound,
        confidence=expect.confidence_level,
        sentence=test.sentence,
    )
