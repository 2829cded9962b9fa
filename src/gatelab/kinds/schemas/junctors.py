"""`allOf`, `anyOf`, `oneOf` and `not` of a schema, in the words of `kube-openapi/pkg/validation/validate`."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.catalogue import Schema
from gatelab.kinds.schemas.problems import Problem

Judge = Callable[[Schema, Any, str], Sequence[Problem]]
"""What is wrong with a value by a schema, at a path."""


def junctor_problems(schema: Schema, value: Any, path: str, judge: Judge) -> Iterator[Problem]:
    """What the schema's junctors have against the value itself. Without junctors this is next to nothing."""
    for each in schema.get("allOf", ()):
        yield from judge(each, value, path)
    if (branches := schema.get("anyOf")) and not any(not judge(each, value, path) for each in branches):
        yield _refused(path, "must validate at least one schema (anyOf)")
    if branches := schema.get("oneOf"):
        valid = sum(not judge(each, value, path) for each in branches)
        if valid != 1:
            how = f"Found {valid} valid alternatives" if valid else "Found none valid"
            yield _refused(path, f"must validate one and only one schema (oneOf). {how}")
    if "not" in schema and not judge(schema["not"], value, path):
        yield _refused(path, "must not validate the schema (not)")


def _refused(path: str, rule: str) -> Problem:
    return problems.invalid(path or "<nil>", "", f'"{path}" {rule}')
