"""Laws of server-side apply, on objects of any shape."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatelab.apiserver.apply import applying
from gatelab.apiserver.apply.applying import Application
from gatelab.apiserver.apply.entries import Owner
from gatelab.kinds.errors import Conflict

Json = dict[str, Any]

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "s": {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}},
        "m": {"type": "object", "additionalProperties": {"type": "string"}},
        "t": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "l": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "v": {"type": "string"}, "w": {"type": "string"}},
            },
        },
        "n": {"type": "array", "items": {"type": "string"}},
    },
}
WORDS = st.sampled_from(["p", "q", "r"])


def fields(required: Json, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(required, optional=optional)


ITEM = fields({"name": WORDS}, v=WORDS, w=WORDS)
INTENTS = fields(
    {},
    a=WORDS,
    s=fields({}, x=WORDS, y=WORDS).filter(bool),
    m=st.dictionaries(WORDS, WORDS, min_size=1),
    t=st.lists(WORDS, unique=True, min_size=1),
    l=st.lists(ITEM, unique_by=lambda each: str(each["name"]), min_size=1),
    n=st.lists(WORDS, min_size=1),
)


def apply(live: Json | None, intent: Json, manager: str, *, force: bool = False) -> Json:
    wanted = {"metadata": {"name": "x"}, **intent}
    application = Application(wanted, Owner(manager, "Apply", "v1"), "now", force)
    if live is None:
        return applying.created(SCHEMA, application)
    return applying.applied(SCHEMA, live, application)


def content(obj: Json) -> Json:
    """The object, with its lists in an order of their own where order means nothing."""
    found = {name: value for name, value in obj.items() if name != "metadata"}
    if "t" in found:
        found["t"] = sorted(found["t"])
    if "l" in found:
        found["l"] = sorted(found["l"], key=lambda each: str(each["name"]))
    return found


def owners(obj: Json) -> Json:
    return {each["manager"]: each["fieldsV1"] for each in obj["metadata"].get("managedFields", ())}


@given(INTENTS)
def test_what_one_manager_applies_is_what_there_is(intent: Json) -> None:
    created = apply(None, intent, "a")
    assert content(created) == content(intent)
    assert apply(created, intent, "a") == created


@given(INTENTS, INTENTS)
def test_what_one_manager_drops_is_gone(first: Json, second: Json) -> None:
    assert content(apply(apply(None, first, "a"), second, "a")) == content(second)


@given(INTENTS, INTENTS)
def test_the_order_of_two_managers_does_not_matter(first: Json, second: Json) -> None:
    one_way, other_way = outcome(first, second), outcome(second, first, names="ba")
    if one_way is None or other_way is None:
        assert one_way is other_way
        return
    assert content(one_way) == content(other_way)
    assert owners(one_way) == owners(other_way)


def outcome(first: Json, second: Json, names: str = "ab") -> Json | None:
    """What the two make of nothing; None when they are in conflict."""
    try:
        return apply(apply(None, first, names[0]), second, names[1])
    except Conflict:
        return None


@given(INTENTS, INTENTS)
def test_who_comes_and_goes_leaves_no_trace(first: Json, second: Json) -> None:
    """A manager that took nothing from others takes away all that it brought when it leaves."""
    alone = apply(None, first, "a")
    if (both := outcome(first, second)) is None:
        return
    left = apply(both, {}, "b")
    assert content(left) == content(alone)
    assert owners(left) == owners(alone)


@given(INTENTS, INTENTS, INTENTS)
def test_force_always_succeeds_and_is_then_quiet(first: Json, second: Json, third: Json) -> None:
    live = apply(apply(apply(None, first, "a"), second, "b", force=True), third, "c", force=True)
    assert apply(live, third, "c") == live
    for manager in ("a", "b"):
        if manager not in owners(live):
            continue
        intent = first if manager == "a" else second
        live = apply(live, intent, manager, force=True)
        assert apply(live, intent, manager) == live
