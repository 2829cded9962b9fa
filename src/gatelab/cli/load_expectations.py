"""`--expect`: what a run must have come to, for a build that shall fail otherwise."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatelab.kinds.durations import parse_duration_s
from gatelab.load import LoadResult
from gatelab.spread import Spread

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_FORM: Final = re.compile(r"\s*([A-Za-z_.0-9]+)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*")
_PERCENTILE: Final = re.compile(r"(response\.)?p(\d{1,2}(?:\.\d{1,3})?|100)")

_Figure = Callable[[LoadResult, Spread], float]
_DURATIONS: Final[Mapping[str, _Figure]] = {
    "average": lambda result, _: result.service.mean_ns,
    "fastest": lambda result, _: result.service.min_ns,
    "slowest": lambda result, _: result.service.max_ns,
    "response.average": lambda result, _: result.response.mean_ns,
    "response.slowest": lambda result, _: result.response.max_ns,
}
_OF_ERRORS: Final[Mapping[str, _Figure]] = {
    "errors": lambda result, _: result.errors,
    "ok": lambda result, _: result.count - result.errors,
    "error_rate": lambda result, _: result.errors / result.count if result.count else 1.0,
}
_NUMBERS: Final[Mapping[str, _Figure]] = {
    **_OF_ERRORS,
    "count": lambda result, _: result.count,
    "rps": lambda result, _: result.rps,
    "unsent": lambda result, _: result.unsent,
    "waited": lambda result, _: result.waited,
    "retried": lambda result, _: result.retried,
    "pods": lambda _, spread: sum(1 for count in spread.counts.values() if count),
    "spread.max_minus_min": lambda _, spread: spread.max_minus_min,
    "spread.cv": lambda _, spread: spread.coefficient_of_variation,
    "spread.jain": lambda _, spread: spread.jain,
}
NAMES: Final = ("p50, p99.9 and the like", "response.p99", *_DURATIONS, *_NUMBERS)


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation after the run; `value` says what there was instead."""

    text: str
    met: bool
    value: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """`p99<10ms`, `errors==0`, `error_rate<1%`, `spread.jain>=0.95`. Durations are Go's; p99 is service time."""

    text: str
    name: str
    compare: Callable[[Any, Any], bool]
    limit: float
    """In ns of a duration."""

    @classmethod
    def parse(cls, text: str) -> "Expectation":
        """Raises ValueError saying what would be right."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"--expect {text!r} is not NAME, one of < <= > >= == !=, VALUE: write it as 'p99<10ms'")
        name, sign, value = found.groups()
        if _is_duration(name):
            try:
                limit = parse_duration_s(value) * 1e9
            except ValueError as error:
                raise ValueError(f"--expect {text!r}: {error}") from error
        elif name in _NUMBERS:
            limit = _number(text, value)
        else:
            raise ValueError(f"--expect {text!r}: there is no figure {name!r}; there are {', '.join(NAMES)}")
        return cls(text.strip(), name, _OPERATORS[sign], limit)

    @property
    def speaks_of_errors(self) -> bool:
        """Then it takes the place of the rule that every call must be OK."""
        return self.name in _OF_ERRORS

    def judge(self, result: LoadResult, spread: Spread) -> Finding:
        """Of nothing measured no expectation of times or pods is met."""
        if _is_duration(self.name):
            if not result.service.count:
                return Finding(self.text, False, "no call was OK")
            value_ns = self._time_ns(result, spread)
            return Finding(self.text, self.compare(value_ns, self.limit), f"{value_ns / 1e6:.3f} ms")
        if self.name.startswith("spread.") and not spread.total:
            return Finding(self.text, False, "no answer named its pod")
        value = _NUMBERS[self.name](result, spread)
        return Finding(self.text, self.compare(value, self.limit), f"{value:g}")

    def _time_ns(self, result: LoadResult, spread: Spread) -> float:
        found = _PERCENTILE.fullmatch(self.name)
        if found is None:
            return _DURATIONS[self.name](result, spread)
        return (result.response if found[1] else result.service).percentile(float(found[2]))


def _is_duration(name: str) -> bool:
    return name in _DURATIONS or _PERCENTILE.fullmatch(name) is not None


def _number(text: str, value: str) -> float:
    try:
        return float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError as error:
        raise ValueError(f"--expect {text!r}: {value!r} is not a number or a percentage") from error
