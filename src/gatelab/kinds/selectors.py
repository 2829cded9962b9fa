"""Label selectors: `matchLabels`/`matchExpressions` of objects, and the query strings of list and watch."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatelab.kinds.errors import BadRequest

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One clause: `key operator values`, with the operators of LabelSelectorRequirement, and Gt and Lt of queries."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        return _OPERATORS[self.operator](self.key, self.values, labels)


def _number(text: str | None) -> int | None:
    """As Go's `strconv.ParseInt`; None for what is no number, which is neither less nor greater."""
    return int(text) if text is not None and re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None


def _compared(sign: int) -> Callable[[str, tuple[str, ...], Labels], bool]:
    def matches(key: str, values: tuple[str, ...], labels: Labels) -> bool:
        present, wanted = _number(labels.get(key)), _number(values[0])
        return present is not None and wanted is not None and (present - wanted) * sign > 0

    return matches


_OPERATORS: Mapping[str, Callable[[str, tuple[str, ...], Labels], bool]] = {
    "In": lambda key, values, labels: labels.get(key) in values,
    "NotIn": lambda key, values, labels: labels.get(key) not in values,
    "Exists": lambda key, _, labels: key in labels,
    "DoesNotExist": lambda key, _, labels: key not in labels,
    "Gt": _compared(1),
    "Lt": _compared(-1),
}


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements must match; none matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)


def from_object(selector: Mapping[str, Any]) -> LabelSelector:
    """The `selector` field of a workload: `matchLabels` and `matchExpressions`, anded."""
    equal = [Requirement(key, "In", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        Requirement(each["key"], each["operator"], tuple(each.get("values") or ()))
        for each in selector.get("matchExpressions") or ()
    ]
    return LabelSelector((*equal, *expressions))


def from_labels(labels: Labels) -> LabelSelector:
    """The `selector` field of a Service: every label must be equal."""
    return LabelSelector(tuple(Requirement(key, "In", (value,)) for key, value in labels.items()))


_SET = re.compile(r"^(?P<key>[^\s!=,()<>]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=,()<>]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^\s!=,()]*)$")
_COMPARED = re.compile(r"^(?P<key>[^\s!=,()<>]+)\s*(?P<operator>[<>])\s*(?P<value>[+-]?[0-9]{1,18})$")
_BARE = re.compile(r"^(?P<absent>!?)\s*(?P<key>[^\s!=,()<>]+)$")


def from_query(query: str) -> LabelSelector:
    """The `labelSelector` parameter: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`.

    Raises BadRequest naming the clause that cannot be read.
    """
    return LabelSelector(tuple(_clause(part.strip()) for part in _split(query) if part.strip()))


def _split(query: str) -> Sequence[str]:
    return re.split(r",(?![^(]*\))", query)


def _clause(text: str) -> Requirement:
    if found := _SET.match(text):
        values = tuple(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], "In" if found["operator"] == "in" else "NotIn", values)
    if found := _EQUAL.match(text):
        return Requirement(found["key"], "NotIn" if found["operator"] == "!=" else "In", (found["value"],))
    if found := _COMPARED.match(text):
        return Requirement(found["key"], "Gt" if found["operator"] == ">" else "Lt", (found["value"],))
    if found := _BARE.match(text):
        return Requirement(found["key"], "DoesNotExist" if found["absent"] else "Exists")
    raise BadRequest(
        f"unable to parse label selector: {text!r} is not key=value, key!=value, key in (…), key notin (…), key, !key, "
        "key>1 or key<1"
    )
