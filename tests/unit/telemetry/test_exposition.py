"""Readings as the text of Prometheus."""

from exposition import problems, total
from gatelab.telemetry import Family, Histogram, Reading
from gatelab.telemetry.exposition import text
from gatelab.telemetry.families import Value, build_info, merged, single

DEPTH = Family("workqueue_depth", "gauge", "Keys that wait.", ("name",))
TURNS = Family("turns_total", "counter", "Turns taken.")
SECONDS = Family("turn_seconds", "histogram", "Seconds of a turn.", ("name",))


def test_families_of_all_types_are_as_prometheus_wants_them() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value)
    said = text(
        [build_info(), Reading(DEPTH, {("a",): 3}), single(TURNS, 2), Reading(SECONDS, {("a",): histogram})]
    ).decode()
    assert problems(said) == []
    assert total(said, "workqueue_depth", name="a") == 3
    assert total(said, "turns_total") == 2
    assert total(said, "turn_seconds_bucket", le="0.1") == 2, "a bound belongs to its bucket"
    assert total(said, "turn_seconds_bucket", le="1") == 3
    assert total(said, "turn_seconds_bucket", le="+Inf") == total(said, "turn_seconds_count") == 4
    assert total(said, "turn_seconds_sum") == 7.65
    assert total(said, "gatelab_build_info") == 1
    assert total(said, "process_resident_memory_bytes") > 1_000_000


def test_a_family_of_several_parts_is_one_and_stays_as_it_was_when_asked() -> None:
    counts: dict[tuple[str, ...], Value] = {("b",): 2.0}
    found = merged([Reading(DEPTH, {("a",): 1}), Reading(DEPTH, counts)])
    counts["b",] = 9.0
    assert [dict(each.values) for each in found] == [{("a",): 1, ("b",): 2.0}]


def test_a_family_that_nothing_happened_to_is_named_all_the_same() -> None:
    assert "# TYPE turn_seconds histogram" in text([Reading(SECONDS, {})]).decode()
