"""Merging what an applier wants into what there is, by the schema."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from gatelab.apiserver.apply.parts import Part, Repeated, elements, field_schema, parts
from gatelab.kinds.schemas.catalogue import Schema, resolved


def merged(schema: Schema, live: Any, wanted: Any) -> Any:
    """`live` with all that `wanted` holds; what is owned as a whole is replaced as a whole. Changes neither."""
    schema = resolved(schema)
    before, after = parts(schema, live), parts(schema, wanted)
    if before is None or after is None:
        return wanted
    if isinstance(wanted, dict):
        result = dict(live)
        for name, value in wanted.items():
            result[name] = merged(field_schema(schema, name), live[name], value) if name in live else value
        return result
    return _merged_lists(schema, live, before, wanted, after)


def _merged_lists(
    schema: Schema, live: list[Any], before: Mapping[str, Part], wanted: list[Any], after: Mapping[str, Part]
) -> list[Any]:
    """The order is that of `wanted`; items that only `live` has stay before the next item that both have."""
    present, asked = deque(dict.fromkeys(elements(schema, live))), deque(dict.fromkeys(elements(schema, wanted)))
    result: list[Any] = []
    done: set[str] = set()
    while present or asked:
        if present and (present[0] in done or present[0] not in after):
            element = present.popleft()
            if element not in done:
                result += values(before[element])
            continue
        element = asked.popleft()
        done.add(element)
        part = after[element]
        result.append(merged(part.schema, before[element].value, part.value) if element in before else part.value)
    return result


def values(part: Part) -> list[Any]:
    """The items of a list that a part stands for."""
    return list(part.value) if isinstance(part.value, Repeated) else [part.value]
