"""The columns of custom objects: `additionalPrinterColumns`, or their age where there are none.

The rules of `apiextensions-apiserver/pkg/registry/customresource/tableconvertor`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from gatelab.apiserver.tables.cells import UNKNOWN, Cell, Column, age_column, name_column, since
from gatelab.kinds.custom.json_path import compiled
from gatelab.kinds.objects import Object


def columns_of(printed: Sequence[Mapping[str, Any]]) -> Sequence[Column]:
    """The columns, the name first. `printed` are the definition's `additionalPrinterColumns`."""
    if not printed:
        return (name_column(), age_column())
    return (name_column(), *(_column(each) for each in printed))


def _column(printed: Mapping[str, Any]) -> Column:
    return Column(
        printed["name"],
        _cell(printed["jsonPath"], printed["type"]),
        printed.get("priority") or 0,
        printed["type"],
        printed.get("format") or "",
        printed.get("description") or "",
    )


def _cell(path: str, type_: str) -> Cell:
    values = compiled(path)

    def cell(obj: Object, now: datetime) -> Any:
        found = values(obj)
        return _shown(found[0], type_, now) if found else None

    return cell


def _shown(value: Any, type_: str, now: datetime) -> Any:
    if value is None:
        return None
    if type_ == "string":
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if type_ == "date":
        return _age(value, now)
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number:
        return None
    return int(value) if type_ == "integer" else value


def _age(value: Any, now: datetime) -> str:
    try:
        return since(value, now) if isinstance(value, str) else UNKNOWN
    except ValueError:
        return "<invalid>"
