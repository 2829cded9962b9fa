"""What is wrong with a field, in the words of `k8s.io/apimachinery/pkg/util/validation/field`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gatelab.kinds.errors import Invalid
from gatelab.kinds.kind import Kind


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule. `field` is a path such as `spec.ports[0].name`; `message` does not repeat it."""

    reason: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def invalid(field: str, value: Any, rule: str) -> Problem:
    return Problem("FieldValueInvalid", field, f"Invalid value: {shown(value)}: {rule}")


def required(field: str, rule: str = "") -> Problem:
    return Problem("FieldValueRequired", field, f"Required value: {rule}" if rule else "Required value")


def unsupported(field: str, value: Any, supported: Sequence[str]) -> Problem:
    known = ", ".join(shown(each) for each in supported)
    return Problem("FieldValueNotSupported", field, f"Unsupported value: {shown(value)}: supported values: {known}")


def duplicate(field: str, value: Any) -> Problem:
    return Problem("FieldValueDuplicate", field, f"Duplicate value: {shown(value)}")


def forbidden(field: str, rule: str) -> Problem:
    return Problem("FieldValueForbidden", field, f"Forbidden: {rule}")


def too_long(field: str, most: int) -> Problem:
    return Problem("FieldValueTooLong", field, f"Too long: may not be more than {most} bytes")


def too_many(field: str, count: int, most: int) -> Problem:
    return Problem("FieldValueTooMany", field, f"Too many: {count}: must have at most {most} items")


def shown(value: Any) -> str:
    """The value as messages show it: JSON."""
    return msgspec.json.encode(value).decode()


def refusal(kind: Kind, name: str, problems: Sequence[Problem]) -> Invalid:
    """The error for an object with problems, worded as the API words it."""
    qualified = f"{kind.name}.{kind.group}" if kind.group else kind.name
    texts = [str(problem) for problem in problems]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return Invalid(
        f'{qualified} "{name}" is invalid: {listed}',
        causes=[{"reason": each.reason, "message": each.message, "field": each.field} for each in problems],
        details={"name": name, "group": kind.group, "kind": kind.name},
    )
