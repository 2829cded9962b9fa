"""The language of expectations: `p99<10ms`, `errors==0`, `error_rate<1%`. Pure.

A figure's name, one of six operators, a value. Which names there are, and whether a name's values are durations, says
who asks: `gatelab load` has the figures of a load run, an experiment those of its report.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gatelab.kinds.durations import parse_duration_s

Unit = Literal["duration", "number"]

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_FORM: Final = re.compile(r"\s*([-A-Za-z_.0-9/:]+)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Expression:
    """A figure's name and what its value must be. Durations are Go's."""

    text: str
    name: str
    unit: Unit
    compare: Callable[[Any, Any], bool]
    limit: float
    """In ns of a duration."""

    @classmethod
    def parse(cls, text: str, unit_of: Callable[[str], Unit | None], names: Sequence[str]) -> "Expression":
        """`unit_of` says what a name's values are, None of an unknown one; `names` are for people.

        Raises ValueError saying what would be right.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            example = f"{names[0]}==0" if unit_of("p99") is None else "p99<10ms"
            raise ValueError(f"{text!r} is not NAME, one of < <= > >= == !=, VALUE: write it as {example!r}")
        name, sign, value = found.groups()
        unit = unit_of(name)
        if unit is None:
            raise ValueError(f"{text!r}: there is no figure {name!r}; there are {', '.join(names)}")
        limit = _duration_ns(text, value) if unit == "duration" else _number(text, value)
        return cls(text.strip(), name, unit, _OPERATORS[sign], limit)

    def is_met_by(self, value: float) -> bool:
        """`value` is in ns of a duration."""
        return self.compare(value, self.limit)

    def shown(self, value: float) -> str:
        """A value of this figure, for people."""
        return f"{value / 1e6:.3f} ms" if self.unit == "duration" else f"{value:g}"


def _duration_ns(text: str, value: str) -> float:
    try:
        return parse_duration_s(value) * 1e9
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error


def _number(text: str, value: str) -> float:
    try:
        number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r}: {value!r} is not a number or a percentage")
    return number
