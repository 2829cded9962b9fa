"""Columns, and the small words that cells are made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import from_rfc3339

Cell = Callable[[Object, datetime], Any]
"""What stands in the column for an object, at a time: a string, a number, or None for nothing."""

NONE = "<none>"
UNKNOWN = "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `priority` 0 is always shown, 1 with `-o wide`."""

    name: str
    cell: Cell
    priority: int = 0
    type: str = "string"
    format: str = ""
    description: str = ""

    def definition(self) -> dict[str, Any]:
        """As `TableColumnDefinition`."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def at(obj: Any, *path: str) -> Any:
    """The field at the path, or None."""
    for name in path:
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


def field(*path: str, absent: Any = None) -> Cell:
    """The cell that shows a field."""

    def cell(obj: Object, _: datetime) -> Any:
        found = at(obj, *path)
        return absent if found is None else found

    return cell


def condition_field(type_: str, name: str = "status") -> Cell:
    """The cell that shows a field of a condition."""

    def cell(obj: Object, _: datetime) -> Any:
        for each in at(obj, "status", "conditions") or ():
            if each.get("type") == type_:
                return each.get(name)
        return None

    return cell


def name_column() -> Column:
    return Column("Name", field("metadata", "name"), format="name")


def age_column() -> Column:
    return Column("Age", lambda obj, now: since(at(obj, "metadata", "creationTimestamp"), now))


def since(moment: str | None, now: datetime) -> str:
    """How long ago, as `5m3s`."""
    if not moment:
        return UNKNOWN
    return human_duration((now - from_rfc3339(moment)).total_seconds())


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR = 365 * _DAY


def human_duration(seconds: float) -> str:
    """`k8s.io/apimachinery/pkg/util/duration.HumanDuration`: two units at most, fewer as it grows."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{max(whole, 0)}s"
    if whole < 8 * _HOUR:
        return _hours_and_minutes(whole)
    return _days(whole)


def _hours_and_minutes(whole: int) -> str:
    minutes, hours = whole // _MINUTE, whole // _HOUR
    if minutes < 10:
        return _two(minutes, "m", whole % _MINUTE, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    return _two(hours, "h", minutes % 60, "m")


def _days(whole: int) -> str:
    hours, days, years = whole // _HOUR, whole // _DAY, whole // _YEAR
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if years < 2:
        return f"{days}d"
    if years < 8:
        return _two(years, "y", days % 365, "d")
    return f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def joined(values: Iterable[Any], absent: str = NONE) -> str:
    return ",".join(str(value) for value in values) or absent


def labels_shown(labels: Mapping[str, str] | None) -> str:
    return joined(f"{key}={value}" for key, value in sorted((labels or {}).items()))


def selector_shown(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector as `a=b,c in (d,e)`."""
    selector = selector or {}
    equal = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    return joined([*equal, *(_expression(each) for each in selector.get("matchExpressions") or ())])


def _expression(expression: Mapping[str, Any]) -> str:
    key, operator = expression.get("key", ""), expression.get("operator")
    values = ",".join(sorted(expression.get("values") or ()))
    shown = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "DoesNotExist": f"!{key}"}
    return shown.get(str(operator), str(key))


def containers_and_images(*path: str) -> Sequence[Column]:
    """The wide columns Containers and Images, for the pod spec at the path."""

    def each(name: str) -> Cell:
        return lambda obj, _: ",".join(str(c.get(name, "")) for c in at(obj, *path, "containers") or ())

    return (Column("Containers", each("name"), 1), Column("Images", each("image"), 1))
