"""A tree of JSON values as indented text, in the spelling of Go's encoding/json."""

import json
import math
from dataclasses import dataclass
from typing import Any

_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_LEAST_PLAIN, _LEAST_LONG = 1e-6, 1e21


@dataclass(frozen=True, slots=True)
class Literal:
    """A number that is already spelled."""

    text: str


def laid_out(value: Any, indent: str = "  ", margin: str = "") -> str:
    """The text; every member on a line of its own, empty objects and lists as `{}` and `[]`."""
    inner = margin + indent
    match value:
        case dict() if value:
            members = (f"{inner}{_text(name)}: {laid_out(each, indent, inner)}" for name, each in value.items())
            return "{\n" + ",\n".join(members) + f"\n{margin}}}"
        case list() if value:
            return "[\n" + ",\n".join(inner + laid_out(each, indent, inner) for each in value) + f"\n{margin}]"
        case Literal(text):
            return text
        case str():
            return _text(value)
        case float():
            return _number(value)
        case _:
            return json.dumps(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)


def _number(value: float) -> str:
    """As ECMAScript has it: an exponent only for what is very small or very large."""
    if not math.isfinite(value):
        return json.dumps(value)
    if value != 0 and not _LEAST_PLAIN <= abs(value) < _LEAST_LONG:
        mantissa, _, exponent = f"{value!r}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
    return repr(value).removesuffix(".0") if "e" not in repr(value) else f"{value:.20f}".rstrip("0").rstrip(".")
