"""Sets of fields, and what an object holds of them."""

from typing import Any

import pytest

from gatelab.apiserver.apply import field_sets, fields_v1, path_elements
from gatelab.apiserver.apply.compare import compared
from gatelab.apiserver.apply.merge import merged
from gatelab.apiserver.apply.owned import fields_of
from gatelab.kinds.builtin import DEPLOYMENT, POD
from gatelab.kinds.schemas.catalogue import schema_of

ITEMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "map": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}},
        },
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "atomic": {"type": "array", "items": {"type": "string"}},
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


@pytest.mark.parametrize(
    ("one", "other", "union", "difference", "intersection"),
    [
        ({}, {"f:a": {}}, {"f:a": {}}, {}, {}),
        ({"f:a": {}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}, {"f:a": {}}, {}),
        (
            {"f:a": {".": {}, "f:b": {}}},
            {"f:a": {}},
            {"f:a": {".": {}, "f:b": {}}},
            {"f:a": {"f:b": {}}},
            {"f:a": {}},
        ),
        (
            {"f:a": {"f:b": {}, "f:c": {}}},
            {"f:a": {"f:b": {}}},
            {"f:a": {"f:b": {}, "f:c": {}}},
            {"f:a": {"f:c": {}}},
            {"f:a": {"f:b": {}}},
        ),
    ],
)
def test_arithmetic(one: Any, other: Any, union: Any, difference: Any, intersection: Any) -> None:
    assert field_sets.union(one, other) == union
    assert field_sets.difference(one, other) == difference
    assert field_sets.intersection(one, other) == intersection


def test_paths_are_shown_as_people_read_them() -> None:
    fields: dict[str, Any] = {
        "f:spec": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:name": {}}, 'v:"x"': {}, "i:1": {}},
    }
    assert [path_elements.shown(path) for path in field_sets.paths(fields)] == [
        ".spec[1]",
        '.spec[containerPort=80,protocol="TCP"]',
        '.spec[containerPort=80,protocol="TCP"].name',
        '.spec[="x"]',
    ]


def test_what_clients_send_is_made_canonical() -> None:
    sent: dict[str, Any] = {"f:a": {'k:{"b": 1, "a": "x"}': {".": {}}, 'v: "y"': {}}}
    assert fields_v1.read(sent) == {"f:a": {'k:{"a":"x","b":1}': {}, 'v:"y"': {}}}


@pytest.mark.parametrize("sent", [1, {"x": {}}, {"f:a": 1}, {"k:[": {}}, {"k:1": {}}, {".": {}}, {"i:x": {}}])
def test_what_is_no_set_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        fields_v1.read(sent)


def test_an_object_holds_its_leaves_and_its_items() -> None:
    value = {
        "map": [{"name": "a", "value": "1"}],
        "set": ["x"],
        "atomic": ["x"],
        "whole": {"k": "v"},
        "free": {"k": {"l": [1]}, "m": {}},
    }
    assert fields_of(ITEMS, value) == {
        "f:map": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:value": {}}},
        "f:set": {'v:"x"': {}},
        "f:atomic": {},
        "f:whole": {},
        "f:free": {"f:k": {".": {}, "f:l": {}}, "f:m": {}},
    }


def test_a_difference_walks_only_what_differs() -> None:
    old = {"map": [{"name": "a", "value": "1"}, {"name": "b"}], "set": ["x", "y"], "whole": {"k": "v"}}
    new = {"map": [{"name": "b"}, {"name": "a", "value": "2"}], "set": ["y", "z"], "whole": {"k": "w"}, "atomic": []}
    found = compared(ITEMS, old, new)
    assert found.changed == {
        "f:map": {'k:{"name":"a"}': {"f:value": {}}},
        "f:set": {'v:"z"': {}},
        "f:whole": {},
        "f:atomic": {},
    }
    assert found.removed == {"f:set": {'v:"x"': {}}}
    assert not compared(ITEMS, old, old)


def test_items_that_come_twice_are_owned_together() -> None:
    twice = {"map": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}
    assert fields_of(ITEMS, twice) == {"f:map": {'k:{"name":"a"}': {}}}
    assert merged(ITEMS, twice, {"map": [{"name": "b"}]})["map"] == [*twice["map"], {"name": "b"}]
    assert merged(ITEMS, twice, {"map": [{"name": "a", "value": "3"}]})["map"] == [{"name": "a", "value": "3"}]


def test_merged_lists_take_the_order_of_what_is_applied() -> None:
    live, wanted = {"set": ["a", "b", "c", "d"]}, {"set": ["d", "x", "b"]}
    assert merged(ITEMS, live, wanted)["set"] == ["a", "d", "x", "b", "c"]


def test_the_protocol_of_a_port_is_part_of_its_key_when_it_is_not_said() -> None:
    port = fields_of(schema_of(POD), {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]}})
    assert list(port["f:spec"]["f:containers"]['k:{"name":"a"}']["f:ports"]) == [
        'k:{"containerPort":80,"protocol":"TCP"}'
    ]


def test_selectors_are_owned_as_a_whole() -> None:
    assert fields_of(schema_of(DEPLOYMENT), {"spec": {"selector": {"matchLabels": {"a": "b"}}}}) == {
        "f:spec": {"f:selector": {}}
    }
