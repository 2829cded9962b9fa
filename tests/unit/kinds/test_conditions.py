"""Conditions."""

from gatelab.kinds.conditions import condition, is_true, merged

OLD, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def ready(status: str, **more: str) -> dict[str, str]:
    return {"type": "Ready", "status": status, **more}


def test_conditions_are_found_by_type() -> None:
    conditions = [ready("True"), {"type": "Accepted", "status": "False"}]
    assert condition(conditions, "Accepted") == conditions[1]
    assert condition(conditions, "Missing") is None
    assert is_true(conditions, "Ready")
    assert not is_true(conditions, "Accepted")
    assert not is_true([], "Ready")


def test_a_status_that_stays_keeps_its_time() -> None:
    present = [ready("True", reason="A", lastTransitionTime=OLD)]
    assert merged(present, [ready("True", reason="B")], now=NOW) == [ready("True", reason="B", lastTransitionTime=OLD)]


def test_a_status_that_moves_gets_the_new_time() -> None:
    present = [ready("False", lastTransitionTime=OLD)]
    assert merged(present, [ready("True")], now=NOW)[0]["lastTransitionTime"] == NOW


def test_merging_twice_is_merging_once_and_changes_no_input() -> None:
    present = [{"type": "Other", "status": "True", "lastTransitionTime": OLD}]
    wanted = [ready("True"), {"type": "New", "status": "False"}]
    once = merged(present, wanted, now=NOW)
    assert merged(once, wanted, now="2027-01-01T00:00:00Z") == once
    assert [each["type"] for each in once] == ["Other", "Ready", "New"]
    assert "lastTransitionTime" not in wanted[0]
