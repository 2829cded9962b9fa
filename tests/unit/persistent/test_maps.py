"""Persistent maps against plain dicts, over any sequence of changes."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gatelab.persistent import PersistentMap, Row, Union, changed_part
from gatelab.persistent.map import differences

names = st.integers(0, 12)
changes = st.lists(st.tuples(st.dictionaries(names, st.integers(0, 3), max_size=3), st.sets(names, max_size=3)))


@given(changes, st.data())
@settings(max_examples=200, deadline=None)
def test_a_map_is_what_a_dict_would_be_and_knows_what_changed(
    steps: Sequence[tuple[dict[int, int], set[int]]], data: st.DataObject
) -> None:
    plain, seen = dict.fromkeys(range(8), 9), [PersistentMap(dict.fromkeys(range(8), 9))]
    for put, gone in steps:
        plain = {name: value for name, value in plain.items() if name not in gone} | put
        seen.append(seen[-1].after(put, gone))
        assert seen[-1] == plain
        before = data.draw(st.sampled_from(seen))
        told = seen[-1].changes_since(before)
        assert differences(before, seen[-1]) <= told
        assert told <= before.keys() | seen[-1].keys() | {name for each in steps for name in (*each[0], *each[1])}


def test_what_changes_nothing_is_the_same_map() -> None:
    one = PersistentMap({"a": 1})
    assert one.after({"a": 1}, ["b"]) is one
    assert one.changes_since(one) == set()


def test_a_change_is_told_without_comparing() -> None:
    before: PersistentMap[int, object] = PersistentMap({number: object() for number in range(100)})
    after = before.after({3: object(), 100: object()}, [7])
    assert after.changes_since(before) == {3, 7, 100}
    assert after.after({5: object()}).changes_since(before) == {3, 5, 7, 100}
    other = before.after({5: object()})
    assert other.changes_since(after) == {3, 5, 7, 100}
    # What came back is told too, where it was not compared.
    assert after.after({3: before[3]}).changes_since(before) == {3, 7, 100}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)), max_size=20))
def test_a_union_is_all_of_its_parts(steps: Sequence[tuple[int, int, int]]) -> None:
    union, parts = Union[tuple[int, int], int](), [PersistentMap[tuple[int, int], int]() for _ in range(3)]
    for part, name, value in steps:
        here = {(part, name): value} if value else {}
        parts[part] = parts[part].after(here, [(part, name)])
        together = {key: value for each in parts for key, value in each.items()}
        assert union.of(tuple(parts)) == together
    assert union.of((parts[1],)) == parts[1]


@given(st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 2), st.permutations(range(3))), max_size=40))
def test_names_move_between_the_parts_of_a_union_and_parts_change_places(
    steps: Sequence[tuple[int, int | None, Sequence[int]]],
) -> None:
    """One step is one change: what came in between was never asked for where the union looks at every other one."""
    union, parts, plain = Union[int, object](), [PersistentMap[int, object]() for _ in range(3)], dict[int, object]()
    for number, (name, part, order) in enumerate(steps):
        value = object()
        for each in range(3):
            parts[each] = parts[each].after({name: value} if each == part else {}, [name])
        plain = {key: old for key, old in plain.items() if key != name} | ({name: value} if part is not None else {})
        if number % 2:
            assert union.of([parts[each] for each in order]) == plain
    assert union.of(parts) == plain


items = [object() for _ in range(4)]


@given(st.lists(st.sampled_from(items)), st.lists(st.sampled_from(items)), st.lists(st.sampled_from(items)))
def test_what_two_sequences_have_in_common_is_left_out(
    one: list[object], two: list[object], more: list[object]
) -> None:
    for before, now in ((one, two), ([*more, *one], [*more, *two]), ([*one, *more], [*two, *more]), (one, list(one))):
        was, are = changed_part(before, now)
        assert any(
            before == [*before[:at], *was, *rest] and now == [*before[:at], *are, *rest]
            for at in range(len(before) + 1)
            for rest in (before[at + len(was) :],)
        )
        assert not (was and are) or (was[0] is not are[0] and was[-1] is not are[-1])
    assert changed_part(one, list(one)) == ([], [])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers())))
def test_a_row_is_sorted(steps: Sequence[tuple[bool, int, int]]) -> None:
    row, plain = Row[int, int](lambda name: -name), dict[int, int]()
    for puts, name, item in steps:
        if puts:
            row.put(name, item)
            plain[name] = item
        else:
            row.take(name)
            plain.pop(name, None)
        assert row.items == tuple(plain[each] for each in sorted(plain, reverse=True))
        assert row.items is row.items
