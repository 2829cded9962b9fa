"""Rules in CEL: what Kubernetes adds to the language, what rules see, and what happens to those that cannot be run."""

from typing import Any

import pytest

from gatelab.kinds.custom import cel
from gatelab.kinds.custom.cel.engine import loops


def broken(rule: str, value: Any, *, before: Any = None, **more: Any) -> tuple[list[str], list[str]]:
    """The problems and warnings of one rule on one value, by a schema that keeps everything."""
    types = {str: "string", int: "integer", list: "array", dict: "object"}
    schema = {"type": types[type(value)], "x-kubernetes-validations": [{"rule": rule, **more}]}
    root = {"type": "object", "properties": {"x": schema}}
    found, warnings = cel.broken(root, {"x": value}, None if before is None else {"x": before})
    return [str(each) for each in found], warnings


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("isURL(self) && url(self).getScheme() == 'https'", "https://a.example:8443/b?c=d"),
        ("url(self).getHost() == 'a.example:8443' && url(self).getPort() == '8443'", "https://a.example:8443/b?c=d"),
        ("url(self).getHostname() == '::1' && url(self).getQuery()['c'] == ['d']", "https://[::1]:8443/b?c=d"),
        ("!isURL(self)", "a b"),
        ("self.find('[0-9]+') == '12' && self.findAll('[0-9]') == ['1', '2']", "a12b"),
        ("isQuantity(self) && quantity(self).isLessThan(quantity('1Gi'))", "512Mi"),
        ("quantity(self).compareTo(quantity('1k')) == 0 && quantity(self).asInteger() == 1000", "1000"),
        ("isIP(self) && ip(self).family() == 6 && ip.isCanonical(self)", "2001:db8::1"),
        ("!isIP(self)", "1.2.3.400"),
        ("isCIDR(self) && cidr(self).containsIP('10.0.0.7') && cidr(self).prefixLength() == 8", "10.0.0.0/8"),
        ("!format.dns1123Label().validate(self).hasValue()", "a-b"),
        ("format.dns1123Label().validate(self).hasValue()", "a.b"),
        ("self.isSorted() && self.sum() == 6 && self.max() == 3 && self.indexOf(2) == 1", [1, 2, 3]),
        ("self.all(a, self.exists_one(b, a == b))", [1, 2, 3]),
        ("self.lowerAscii() == 'ab' && self.split('')[0] == 'A'", "AB"),
        ("duration(self) < duration('1m')", "30s"),
        ("has(self.a) ? self.a == 1 : true", {"b": 1}),
        ("self.b == 1 || true", {}),
    ],
)
def test_the_functions_of_kubernetes(rule: str, value: Any) -> None:
    assert broken(rule, value) == ([], [])
    assert broken(f"!({rule})", value)[0] == [f'x: Invalid value: "{_type(value)}": failed rule: !({rule})']


def _type(value: Any) -> str:
    types: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return types[type(value)]


def test_rules_about_changes_judge_changes_only() -> None:
    assert broken("self == oldSelf", 1) == ([], [])
    assert broken("self == oldSelf", 1, before=1) == ([], [])
    assert broken("self == oldSelf", 1, before=2, message="is immutable")[0] == [
        'x: Invalid value: "integer": is immutable'
    ]
    assert broken("!oldSelf.hasValue()", 1, optionalOldSelf=True) == ([], [])
    assert broken("oldSelf.value() < self", 1, before=2, optionalOldSelf=True)[0] != []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"reason": "FieldValueForbidden", "message": "no"}, "x: Forbidden: no"),
        ({"reason": "FieldValueRequired", "fieldPath": ".a", "message": "no"}, "x.a: Required value: no"),
        ({"messageExpression": "'not ' + string(self)"}, 'x: Invalid value: "integer": not 1'),
        ({"messageExpression": "self.nothing", "message": "no"}, 'x: Invalid value: "integer": no'),
    ],
)
def test_what_a_broken_rule_says(more: dict[str, Any], expected: str) -> None:
    assert broken("self > 1", 1, **more) == ([expected], [])


def test_a_key_that_is_not_there_is_an_error_of_the_rule() -> None:
    assert broken("self.a == 1", {})[0] == ['x: Invalid value: "object": no such key: a evaluating rule: self.a == 1']


@pytest.mark.parametrize("rule", ["self.?a.hasValue()", "nothing(self)", "(", "self + 1 == 1", "1", ""])
def test_what_cannot_be_run_never_blocks(rule: str) -> None:
    found, warnings = broken(rule, "text")
    assert rule in ("1", "") or (found, len(warnings)) == ([], 1)


def test_what_may_take_too_long_is_not_run() -> None:
    rule = "self.all(a, self.all(b, self.all(c, a + b + c > 0)))"
    assert loops(rule) == 3
    found, warnings = broken(rule, list(range(1000)))
    assert found == []
    assert "nests 3 loops over" in warnings[0]
    assert loops("self.all(a, a > 0) && self.all(b, b > 0)") == 1


def test_names_are_escaped_and_types_are_those_of_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "namespace": {"type": "string"},
            "a-b": {"type": "number"},
            "at": {"type": "string", "format": "date-time"},
        },
        "x-kubernetes-validations": [
            {"rule": "self.__namespace__ == 'x' && self.a__dash__b == 1.0"},
            {"rule": "self.at < timestamp('2030-01-01T00:00:00Z')"},
        ],
    }
    obj = {"namespace": "x", "a-b": 1, "at": "2026-01-02T03:04:05Z"}
    assert cel.broken(schema, obj, None) == ([], [])


def test_items_of_keyed_lists_are_told_apart_by_their_keys() -> None:
    item = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.size >= oldSelf.size"}],
    }
    schema = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    before = [{"name": "a", "size": 1}, {"name": "b", "size": 9}]
    assert cel.broken(schema, [{"name": "b", "size": 9}, {"name": "a", "size": 1}], before) == ([], [])
    found, _ = cel.broken(schema, [{"name": "b", "size": 8}], before)
    assert [each.field for each in found] == ["[0]"]
