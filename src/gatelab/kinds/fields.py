"""Field selectors: the `fieldSelector` parameter of list and watch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatelab.kinds.errors import BadRequest
from gatelab.kinds.objects import Object

_CLAUSE = re.compile(r"^(?P<path>[^\s!=,]+)\s*(?P<operator>==|=|!=)\s*(?P<value>.*)$")


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One clause: the field at a dotted path is, or is not, a value. An absent field is the empty string."""

    path: tuple[str, ...]
    equal: bool
    value: str

    def matches(self, obj: Object) -> bool:
        return (_field(obj, self.path) == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All requirements must match; none matches everything."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, obj: Object) -> bool:
        return all(requirement.matches(obj) for requirement in self.requirements)


def from_mapping(fields: Mapping[str, str]) -> FieldSelector:
    """Every field (dotted path) must be equal."""
    return FieldSelector(tuple(FieldRequirement(_path(path), True, value) for path, value in fields.items()))


def from_query(query: str) -> FieldSelector:
    """`metadata.name=x,spec.nodeName!=y`. Raises BadRequest naming the clause that cannot be read."""
    return FieldSelector(tuple(_clause(part.strip()) for part in query.split(",") if part.strip()))


def _clause(text: str) -> FieldRequirement:
    found = _CLAUSE.match(text)
    if found is None:
        raise BadRequest(f"unable to parse field selector: {text!r} is not field=value or field!=value")
    return FieldRequirement(_path(found["path"]), found["operator"] != "!=", found["value"])


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(dotted.split("."))


def _field(obj: Object, path: tuple[str, ...]) -> str:
    if path == ("source",):  # of Events: the only field that is selected under another name than its own
        return _field(obj, ("source", "component")) or _field(obj, ("reportingComponent",))
    value: Any = obj
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
