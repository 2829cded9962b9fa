"""JSON patch, by the examples of RFC 6902, appendix A."""

from typing import Any

import pytest

from gatelab.apiserver.patches.json_patch import json_patched
from gatelab.kinds.errors import BadRequest, Invalid, TooLarge


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
        ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "q"}], {"foo": ["bar", "q", "baz"]}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": "q"}], {"foo": ["bar", "q"]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["a", "b", "c"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["a", "c"]}),
        ({"foo": "bar"}, [{"op": "replace", "path": "/foo", "value": 1}], {"foo": 1}),
        ({"a": {"b": 1}, "c": {}}, [{"op": "move", "from": "/a/b", "path": "/c/d"}], {"a": {}, "c": {"d": 1}}),
        ({"foo": ["a", "b", "c"]}, [{"op": "move", "from": "/foo/0", "path": "/foo/2"}], {"foo": ["b", "c", "a"]}),
        ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
        ({"a/b": 1, "m~n": 2}, [{"op": "test", "path": "/a~1b", "value": 1}], {"a/b": 1, "m~n": 2}),
        ({"m~n": 2}, [{"op": "replace", "path": "/m~0n", "value": 3}], {"m~n": 3}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ],
)
def test_operations(document: Any, patch: Any, expected: Any) -> None:
    before = {**document}
    assert json_patched(document, patch) == expected
    assert document == before


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "test", "path": "/a", "value": 2}],
        [{"op": "remove", "path": "/b"}],
        [{"op": "replace", "path": "/b", "value": 1}],
        [{"op": "add", "path": "/b/c", "value": 1}],
        [{"op": "add", "path": "/l/3", "value": 1}],
        [{"op": "add", "path": "/l/01", "value": 1}],
        [{"op": "remove", "path": "/l/-"}],
        [{"op": "add", "path": "/l/99999999999999999999", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "remove", "path": ""}],
        [{"op": "move", "from": "/o", "path": "/o/p"}],
    ],
)
def test_what_does_not_fit_is_invalid(patch: Any) -> None:
    with pytest.raises(Invalid):
        json_patched({"a": 1, "l": [0], "o": {}}, patch)


@pytest.mark.parametrize("patch", [{}, "x", [1], [{"op": "x"}], [{"op": "add", "path": "/a"}], [{"op": "move"}]])
def test_what_is_no_patch_is_a_bad_request(patch: Any) -> None:
    with pytest.raises(BadRequest):
        json_patched({}, patch)


def test_patches_are_bounded() -> None:
    with pytest.raises(TooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        json_patched({}, [{"op": "test", "path": "", "value": {}}] * 10_001)
    doubling = [{"op": "add", "path": "/a", "value": "x" * 100}]
    doubling += [{"op": "copy", "from": "", "path": f"/{index}"} for index in range(60)]
    with pytest.raises(TooLarge, match="copies"):
        json_patched({}, doubling)


def test_true_is_not_one() -> None:
    with pytest.raises(Invalid, match="testing value /a failed"):
        json_patched({"a": True}, [{"op": "test", "path": "/a", "value": 1}])
