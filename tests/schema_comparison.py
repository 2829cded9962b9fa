"""Our schemas of custom kinds beside upstream's: where they differ, and objects to ask both about."""

import copy
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_WORDS = (
    *("type", "enum", "minimum", "maximum", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("pattern", "format", "default", "nullable", "required", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
    *("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"),
)
_AS_GOOD_AS_ABSENT = {"minLength": 0, "x-kubernetes-list-type": "atomic"}


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Where the two schemas do not say the same."""
    for word in (*_WORDS, "minLength"):
        left, right = _said(ours, word), _said(theirs, word)
        if left != right:
            yield f"{path}: {word}: ours {left!r}, upstream's {right!r}"
    mine, other = ours.get("properties", {}), theirs.get("properties", {})
    yield from (f"{path}.{name}: not in both" for name in sorted(set(mine) ^ set(other)))
    for name in sorted(set(mine) & set(other)):
        if path or name != "metadata":
            yield from differences(mine[name], other[name], f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if word in ours or word in theirs:
            yield from differences(ours.get(word, {}), theirs.get(word, {}), f"{path}[]")


def _said(schema: Mapping[str, Any], word: str) -> Any:
    value = schema.get(word)
    if word in ("required", "enum"):
        return sorted(value or ())
    return None if _AS_GOOD_AS_ABSENT.get(word, ...) == value else value


_ODD: tuple[Any, ...] = (
    "",
    "a",
    "A",
    "*",
    "*.a.example",
    "/",
    "//",
    "a/b",
    "1s",
    "0s",
    "10.0.0.1",
    "x" * 300,
    0,
    1,
    70000,
    -1,
    True,
    [],
    {},
    None,
)


def mutated(obj: Json, draw: random.Random, words: Sequence[str]) -> Json:
    """The object with one to three parts changed, dropped, doubled or taken from elsewhere in it.

    `words` are some that may have a meaning somewhere.
    """
    new = copy.deepcopy(obj)
    for _ in range(draw.randint(1, 3)):
        places = [place for place in _places(new) if place[1] not in ("apiVersion", "kind", "metadata")]
        if not places:
            return new
        holder, key = draw.choice(places)
        _change(holder, key, new, draw, words)
    return new


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        if key == "metadata":
            continue
        yield value, key
        yield from _places(value[key])


def _change(holder: Any, key: Any, whole: Json, draw: random.Random, words: Sequence[str]) -> None:
    how = draw.choice(("drop", "odd", "word", "word", "double", "borrow", "field"))
    if how == "drop":
        del holder[key]
    elif how == "odd":
        holder[key] = draw.choice(_ODD)
    elif how == "word":
        holder[key] = draw.choice(words)
    elif how == "double" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif how == "borrow":
        other, where = draw.choice(list(_places(whole)))
        holder[key] = copy.deepcopy(other[where])
    elif how == "field" and isinstance(holder, dict):
        holder[draw.choice(("type", "name", "port", "hostname", "value", "kind", "group", "tls", "namespace"))] = (
            draw.choice(_ODD)
        )
