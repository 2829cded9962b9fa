"""Label selectors."""

import pytest

from gatelab.kinds import selectors
from gatelab.kinds.errors import BadRequest

LABELS = {"app": "web", "tier": "front", "example.com/x": "", "weight": "10"}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app!=web", False),
        ("other!=web", True),
        ("app in (web, db)", True),
        ("app in (db)", False),
        ("app notin (db,cache),tier=front", True),
        ("missing notin (db)", True),
        ("app", True),
        ("!app", False),
        ("!missing,app", True),
        ("example.com/x=", True),
        ("app=", False),
        ("app=web,tier=back", False),
        ("weight>9", True),
        ("weight > 10", False),
        ("weight<11,weight>-1", True),
        ("app>1", False),
        ("missing<1", False),
    ],
)
def test_queries(query: str, matches: bool) -> None:
    assert selectors.from_query(query).matches(LABELS) is matches


@pytest.mark.parametrize("query", ["a b", "a in b", "a in (b", "=b", "a=b=c", "a>b", "a>", "a<1<2", "in (a)", "a=(b)"])
def test_clauses_that_cannot_be_read_are_named(query: str) -> None:
    with pytest.raises(BadRequest, match="unable to parse label selector"):
        selectors.from_query(query)


def test_objects_select_by_labels_and_expressions() -> None:
    selector = selectors.from_object(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "back"]},
                {"key": "gone", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches(LABELS)
    assert not selector.matches({**LABELS, "gone": "1"})
    assert not selector.matches({"app": "web"})


def test_an_empty_selector_matches_everything() -> None:
    assert selectors.from_object({}).matches({})
    assert selectors.from_labels({}).matches(LABELS)


def test_a_service_selects_by_equality() -> None:
    assert selectors.from_labels({"app": "web"}).matches(LABELS)
    assert not selectors.from_labels({"app": "db"}).matches(LABELS)
