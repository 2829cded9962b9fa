"""`--expect`: what a run must have come to, for a build that shall fail otherwise."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gatelab.experiment.expression import Expression, Unit
from gatelab.load import LoadResult
from gatelab.spread import Spread

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

    expression: Expression

    @classmethod
    def parse(cls, text: str) -> "Expectation":
        """Raises ValueError saying what would be right."""
        try:
            return cls(Expression.parse(text, _unit, NAMES))
        except ValueError as error:
            raise ValueError(f"--expect {error}") from error

    @property
    def text(self) -> str:
        return self.expression.text

    @property
    def speaks_of_errors(self) -> bool:
        """Then it takes the place of the rule that every call must be OK."""
        return self.expression.name in _OF_ERRORS

    def judge(self, result: LoadResult, spread: Spread) -> Finding:
        """Of nothing measured no expectation of times or pods is met."""
        expression = self.expression
        if expression.unit == "duration":
            if not result.service.count:
                return Finding(self.text, False, "no call was OK")
            value = _time_ns(expression.name, result, spread)
        elif expression.name.startswith("spread.") and not spread.total:
            return Finding(self.text, False, "no answer named its pod")
        else:
            value = _NUMBERS[expression.name](result, spread)
        return Finding(self.text, expression.is_met_by(value), expression.shown(value))


def _time_ns(name: str, result: LoadResult, spread: Spread) -> float:
    found = _PERCENTILE.fullmatch(name)
    if found is None:
        return _DURATIONS[name](result, spread)
    return (result.response if found[1] else result.service).percentile(float(found[2]))


def _unit(name: str) -> Unit | None:
    if name in _DURATIONS or _PERCENTILE.fullmatch(name):
        return "duration"
    return "number" if name in _NUMBERS else None
