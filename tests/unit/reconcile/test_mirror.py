"""Mirrors, and what is expected beyond them."""

from typing import Any

import pytest

from gatelab.cluster.port import Applied, Deleted, Replaced
from gatelab.kinds.builtin import POD, SECRET
from gatelab.kinds.objects import Key, Object
from gatelab.reconcile import Expectations, Mirror, Mirrors


def pod(name: str, version: int, namespace: str = "n", **metadata: Any) -> Object:
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"u-{name}", "resourceVersion": str(version)}
        | metadata
    }


def names(objects: Any) -> list[str]:
    return [each["metadata"]["name"] for each in objects]


def test_list_is_sorted_and_follows_changes() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("b", 1), pod("a", 2), pod("c", 3, "other")]))
    assert names(mirror.list("n")) == ["a", "b"]
    mirror.apply(Applied(pod("aa", 4)))
    assert names(mirror.list("n")) == ["a", "aa", "b"]
    mirror.apply(Deleted(pod("a", 5)))
    assert names(mirror.list("n")) == ["aa", "b"]
    assert names(mirror.list()) == ["aa", "b", "c"]
    assert mirror.version == 5


def test_a_whole_state_tells_what_is_gone_and_what_is_new_and_nothing_else() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("kept", 1), pod("gone", 2), pod("changed", 3)]))
    changes = mirror.apply(Replaced([pod("kept", 1), pod("changed", 5), pod("new", 4)]))
    assert [(names([old])[0] if old else None, names([new])[0] if new else None) for old, new in changes] == [
        ("gone", None),
        ("changed", "changed"),
        (None, "new"),
    ]


def test_an_index_follows_changes() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("a", 1, labels={"app": "x"})]))
    mirror.add_index("app", lambda obj: obj["metadata"].get("labels", {}).values())
    mirror.apply(Applied(pod("b", 2, labels={"app": "x"})))
    assert names(mirror.by_index("app", "x")) == ["a", "b"]
    mirror.apply(Applied(pod("a", 3, labels={"app": "y"})))
    assert names(mirror.by_index("app", "x")) == ["b"]
    assert names(mirror.by_index("app", "y")) == ["a"]
    mirror.apply(Deleted(pod("b", 4)))
    assert names(mirror.by_index("app", "x")) == []


def test_a_kind_that_nobody_watches_is_a_bug_at_once() -> None:
    with pytest.raises(KeyError):
        Mirrors([POD]).of(SECRET)


OWNER = Key("n", "owner")


def test_what_was_created_counts_until_the_mirror_has_come_past_it() -> None:
    mirror = Mirror(POD)
    expected = Expectations(mirror)
    expected.wrote(OWNER, pod("a", 7))
    assert names(expected.current(OWNER, [])) == ["a"]
    mirror.apply(Applied(pod("a", 7)))
    assert names(expected.current(OWNER, mirror.list())) == ["a"]
    mirror.apply(Deleted(pod("a", 8)))
    assert names(expected.current(OWNER, mirror.list())) == [], "it was seen, and went"


def test_created_and_gone_between_two_looks_does_not_count() -> None:
    mirror = Mirror(POD)
    expected = Expectations(mirror)
    expected.wrote(OWNER, pod("a", 7))
    mirror.apply(Applied(pod("a", 7)))
    mirror.apply(Deleted(pod("a", 8)))
    assert expected.current(OWNER, mirror.list()) == []


def test_what_was_deleted_does_not_count_until_the_mirror_shows_it() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("a", 1), pod("b", 2)]))
    expected = Expectations(mirror)
    expected.deleted(OWNER, pod("a", 1))
    assert names(expected.current(OWNER, mirror.list())) == ["b"]
    mirror.apply(Applied(pod("a", 3, deletionTimestamp="2026-01-01T00:00:00Z")))
    assert names(expected.current(OWNER, mirror.list())) == ["a", "b"], "now its deletionTimestamp speaks"


def test_an_expectation_that_is_never_met_times_out() -> None:
    now = 0.0
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("b", 1)]))
    expected = Expectations(mirror, timeout_s=30, clock=lambda: now)
    expected.wrote(OWNER, pod("a", 7))
    expected.deleted(OWNER, pod("b", 1))
    now = 29.0
    assert names(expected.current(OWNER, mirror.list())) == ["a"]
    now = 31.0
    assert names(expected.current(OWNER, mirror.list())) == ["b"]


def test_what_was_updated_is_read_as_written() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("a", 1)]))
    expected = Expectations(mirror)
    expected.wrote(OWNER, pod("a", 5, labels={"new": "yes"}))
    (current,) = expected.current(OWNER, mirror.list())
    assert current["metadata"]["labels"] == {"new": "yes"}
    mirror.apply(Applied(pod("a", 6)))
    (current,) = expected.current(OWNER, mirror.list())
    assert current["metadata"]["resourceVersion"] == "6"


def test_what_could_not_be_deleted_counts_again() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("a", 1)]))
    expected = Expectations(mirror)
    expected.deleted(OWNER, pod("a", 1))
    expected.kept(OWNER, pod("a", 1))
    assert names(expected.current(OWNER, mirror.list())) == ["a"]


def test_a_follower_is_told_each_key_once_from_the_first() -> None:
    mirror = Mirror(POD)
    mirror.apply(Replaced([pod("a", 1), pod("b", 2)]))
    followed = mirror.follow()
    assert sorted(followed.take()) == [Key("n", "a"), Key("n", "b")]
    mirror.apply(Applied(pod("a", 3)))
    mirror.apply(Applied(pod("a", 4)))
    mirror.apply(Deleted(pod("b", 5)))
    assert sorted(followed.take()) == [Key("n", "a"), Key("n", "b")]
    mirror.apply(Replaced([pod("a", 4), pod("c", 6)]))
    assert sorted(followed.take()) == [Key("n", "c")]
    assert not followed.take()
