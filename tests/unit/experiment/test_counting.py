"""Where the counts come from, in order, and what is said of it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gatelab.experiment.backends import ReadyPod
from gatelab.experiment.counting import straight_to_pods, through_gateway
from gatelab.experiment.engines.engine import PathLoad
from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.file import Expect
from gatelab.experiment.routes.route import Routed, RoutedBackend, Unknown
from gatelab.experiment.verdict import path_report
from gatelab.experiment.weights import prediction_report, weights_report
from gatelab.kinds.objects import Key
from gatelab.load import ConnectionResult, LoadResult

MakeResult = Callable[..., LoadResult]
PODS = {"a": 500, "b": 500}
NONE = Unknown("the Gateway is somebody else's")
ROUTED = Routed(
    Key("shop", "front"),
    "shop/calls rule 0",
    (RoutedBackend(Key("shop", "till"), 80, 0.75), RoutedBackend(Key("shop", "canary"), 80, 0.25)),
)


def counts(pods: Mapping[str, int], **fields: Any) -> EnvoyCounts:
    given = {"backends": {"shop/till:80": sum(pods.values())}, "unattributed": 0, "envoys": 1, "workers": 2}
    return EnvoyCounts(**{"pods": pods, "readings": 3, "notes": (), **given, **fields})


@pytest.fixture
def silent(make_result: MakeResult) -> LoadResult:
    """1,000 calls to a server that does not name its pod."""
    connection = ConnectionResult(target=("10.0.0.1", 80), count=1000, pods={}, reconnects=0)
    return make_result({}, count=1000, statuses={"OK": 1000}, connections=(connection,))


def test_envoy_comes_first(make_result: MakeResult, silent: LoadResult) -> None:
    for result in (silent, make_result({"a": 999, "b": 1})):
        found = through_gateway(PathLoad(result), counts(PODS), {"a": 9.0})
        assert (found.source, found.pods) == ("envoy", PODS)
        assert found.sentence == "by the Gateway: what its Envoy sent to each endpoint, read 3 times"


@pytest.mark.parametrize("factor", [2, 0.5])
def test_metadata_is_preferred_to_counts_that_are_not_of_this_run(make_result: MakeResult, factor: float) -> None:
    others = counts({pod: int(count * factor) for pod, count in PODS.items()})
    found = through_gateway(PathLoad(make_result({"a": 600, "b": 400})), others, {})
    assert (found.source, found.pods) == ("metadata", {"a": 600, "b": 400})
    assert f"{int(1000 * factor)} requests for 1000" in found.sentence


def test_without_metadata_others_requests_are_said(silent: LoadResult) -> None:
    found = through_gateway(PathLoad(silent), counts({"a": 1000, "b": 1000}), {})
    assert found.source == "envoy"
    assert "others use the route" in found.notes[0]


def test_metadata_comes_second_and_says_why(make_result: MakeResult) -> None:
    found = through_gateway(PathLoad(make_result(PODS, statuses={"OK": 1200})), NONE, {"a": 9.0})
    assert (found.source, found.pods, found.notes) == (
        "metadata",
        PODS,
        ("only 1000 of 1200 responses name their pod",),
    )
    assert found.sentence.endswith(f"in the response metadata: {NONE.reason}")


def test_cpu_comes_third_and_no_test_rests_on_it(silent: LoadResult) -> None:
    found = through_gateway(PathLoad(silent), NONE, {"a": 30.0, "b": 10.0})
    assert (found.source, found.pods) == ("cpu", {"a": 750, "b": 250})
    report = path_report(silent, ["a", "b"], Expect(), "request", found)
    assert report.spread.test.result == "inconclusive"
    assert "rough" in report.spread.test.sentence
    assert any("rough" in note for note in report.notes)
    assert NONE.reason in report.counting.sentence


def test_nothing_at_all_is_said(silent: LoadResult) -> None:
    found = through_gateway(PathLoad(silent), NONE, {"a": 0.0})
    assert (found.source, found.pods) == ("none", {})
    assert "x-pod-name" in found.sentence
    assert NONE.reason in found.sentence


def test_a_direct_path_knows_its_pods(silent: LoadResult) -> None:
    found = straight_to_pods(PathLoad(silent), (ReadyPod("a", "10.0.0.1", 80), ReadyPod("b", "10.0.0.2", 80)))
    assert (found.source, found.pods) == ("target", {"a": 1000})


def test_a_spread_by_weight_is_judged_by_weight(silent: LoadResult) -> None:
    found = through_gateway(PathLoad(silent), counts({"a": 375, "b": 375, "c": 250}), {})
    expected = {"a": 0.375, "b": 0.375, "c": 0.25}
    report = path_report(silent, list(expected), Expect(), "request", found, expected)
    assert (report.spread.test.result, report.spread.expected) == ("pass", expected)
    assert report.spread.max_over_min == 1.5
    weights = weights_report(ROUTED, {"shop/till:80": 750, "shop/canary:80": 250}, Expect())
    assert [(each.backend, each.expected, each.result) for each in weights.backends] == [
        ("shop/canary:80", 0.25, "pass"),
        ("shop/till:80", 0.75, "pass"),
    ]
    assert weights.test.needed < 1000


def test_a_prediction_needs_the_number_of_workers() -> None:
    found = prediction_report(counts(PODS), 4, 2)
    assert found is not None
    assert (found.workers, found.most_max_minus_min) == (2, 2)
    assert prediction_report(counts(PODS, workers=0), 4, 2) is None
