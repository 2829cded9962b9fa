"""The rules of a schema, evaluated on an object: `self`, `oldSelf`, messages, reasons, paths.

As in `apiextensions-apiserver/pkg/apiserver/schema/cel`: a rule with `oldSelf` judges changes only, of what can be told
to be the same as before - fields of objects, keys of maps, items of lists of type `map`.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.kinds.custom.cel import engine
from gatelab.kinds.custom.cel.values import converted, size
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.catalogue import Schema, resolved
from gatelab.kinds.schemas.problems import Problem

_WORD = "x-kubernetes-validations"
_OLD = re.compile(r"\boldSelf\b")
_DEADLINE_S = 1.0
"""For all rules of one object together."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A value with rules. `old` is what it was, if `had_old`."""

    schema: Schema
    value: Any
    old: Any
    had_old: bool
    path: str


def has_rules(schema: Any) -> bool:
    """Whether there are rules anywhere in the schema."""
    if isinstance(schema, Mapping):
        return _WORD in schema or any(has_rules(each) for each in schema.values())
    return isinstance(schema, list) and any(has_rules(each) for each in schema)


def unreadable(schema: Any, path: str) -> Iterator[str]:
    """A warning for each rule that the engine cannot read."""
    if not isinstance(schema, Mapping):
        return
    for index, rule in enumerate(schema.get(_WORD) or ()):
        try:
            engine.compiled(rule.get("rule", ""))
        except engine.Unevaluated as why:
            yield _warning(rule, f"{path}.{_WORD}[{index}]", why)
    for name, each in (schema.get("properties") or {}).items():
        yield from unreadable(each, f"{path}.properties[{name}]")
    for word in ("items", "additionalProperties"):
        yield from unreadable(schema.get(word), f"{path}.{word}")


def broken(schema: Schema, obj: Any, before: Any, *, path: str = "") -> tuple[list[Problem], list[str]]:
    """The broken rules, and a warning for each that could not be evaluated. `before` is None for a new object."""
    found: list[Problem] = []
    warnings: list[str] = []
    until = time.monotonic() + _DEADLINE_S
    for place in _places(_Place(schema, obj, before, before is not None, path)):
        cost = size(place.value) + (size(place.old) if place.had_old else 0)
        for rule in place.schema[_WORD]:
            try:
                if time.monotonic() > until:
                    raise engine.Unevaluated(f"the object's rules take longer than {_DEADLINE_S:g} s")
                found += _judged(place, rule, cost)
            except engine.Unevaluated as why:
                warnings.append(_warning(rule, place.path, why))
    return found, warnings


def _warning(rule: Mapping[str, Any], path: str, why: Exception) -> str:
    text = " ".join(str(rule.get("rule", "")).split())
    shown = text if len(text) <= 120 else f"{text[:117]}..."
    return f"{path or '<root>'}: the validation rule {shown!r} is not evaluated here: {why}"


def _places(place: _Place) -> Iterator[_Place]:
    """The value and everything in it that has rules, outermost first."""
    schema = resolved(place.schema)
    if place.value is None:
        return
    if schema.get(_WORD):
        yield _Place(schema, place.value, place.old, place.had_old, place.path)
    if isinstance(place.value, list) and "items" in schema:
        yield from _in_list(schema, place)
    elif isinstance(place.value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        old = place.old if place.had_old and isinstance(place.old, dict) else {}
        for key, each in place.value.items():
            known = properties.get(key, others)
            if isinstance(known, Mapping):
                path = f"{place.path}.{key}" if place.path else key
                yield from _places(_Place(known, each, old.get(key), key in old, path))


def _in_list(schema: Schema, place: _Place) -> Iterator[_Place]:
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    old = {}
    if keys and place.had_old and isinstance(place.old, list):
        old = {_key(each, keys): each for each in place.old}
    for index, each in enumerate(place.value):
        key = _key(each, keys)
        same = bool(keys) and key in old
        yield from _places(_Place(schema["items"], each, old.get(key), same, f"{place.path}[{index}]"))


def _key(item: Any, keys: Sequence[str]) -> str:
    return problems.shown([item.get(name) for name in keys]) if isinstance(item, Mapping) else ""


def _judged(place: _Place, rule: Mapping[str, Any], cost: int) -> Iterator[Problem]:
    text = rule["rule"]
    variables = {"self": converted(place.schema, place.value)}
    if _OLD.search(text) or _OLD.search(rule.get("messageExpression") or ""):
        if not place.had_old and not rule.get("optionalOldSelf"):
            return
        old = converted(place.schema, place.old)
        variables["oldSelf"] = engine.optional(old, present=place.had_old) if rule.get("optionalOldSelf") else old
    try:
        value = engine.evaluate(text, variables, cost)
    except engine.Failed as why:
        yield _problem(place, rule, f"{why} evaluating rule: {rule.get('message') or text}")
        return
    if value is not True:
        yield _problem(place, rule, _message(rule, variables, cost))


def _message(rule: Mapping[str, Any], variables: Mapping[str, Any], cost: int) -> str:
    if expression := rule.get("messageExpression"):
        try:
            message = engine.evaluate(expression, variables, cost)
        except (engine.Unevaluated, engine.Failed):
            message = ""
        if isinstance(message, str) and message.strip() and "\n" not in message:
            return message
    return rule.get("message") or f"failed rule: {' '.join(rule['rule'].split())}"


def _problem(place: _Place, rule: Mapping[str, Any], message: str) -> Problem:
    path = f"{place.path}{rule.get('fieldPath') or ''}".removeprefix(".") or "<nil>"
    reason = rule.get("reason") or "FieldValueInvalid"
    if reason == "FieldValueForbidden":
        return problems.forbidden(path, message)
    if reason == "FieldValueRequired":
        return problems.required(path, message)
    value = place.schema.get("type", "object")
    if reason == "FieldValueDuplicate":
        return problems.duplicate(path, value)
    return problems.invalid(path, value, message)
