"""Expectations of what passed the Gateways, in the words of `gatelab load --expect`. Pure.

There are no times among the figures: the program measures those, and k6 has thresholds for them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatelab.experiment.expression import Expression
from gatelab.experiment.passage.report import GatewayReport, RuleReport
from gatelab.experiment.passage.verdict import failures, taken, title
from gatelab.experiment.report import Check, Result, SpreadReport

_Figure = Callable[[Sequence[GatewayReport], Sequence[RuleReport]], float]
_OF_ERRORS: Final[Mapping[str, _Figure]] = {
    "errors": failures,
    "ok": lambda _, rules: sum(each.ok for each in rules),
    "error_rate": lambda gateways, rules: failures(gateways, rules) / (taken(gateways, rules) or 1),
}
_OF_ALL: Final[Mapping[str, _Figure]] = {
    **_OF_ERRORS,
    "count": taken,
    "pods": lambda _, rules: len({pod for each in rules for pod, count in each.pods.items() if count}),
}
_OF_EACH_RULE: Final[Mapping[str, Callable[[SpreadReport], float]]] = {
    "spread.max_minus_min": lambda spread: spread.max_minus_min,
    "spread.cv": lambda spread: spread.coefficient_of_variation,
    "spread.jain": lambda spread: spread.jain,
}
NAMES: Final = (*_OF_ALL, *_OF_EACH_RULE)


@dataclass(frozen=True, slots=True)
class PassageExpectation:
    """`errors==0`, `pods==5`, `spread.jain>=0.95`. A figure of the spread is expected of each rule with requests."""

    expression: Expression

    @classmethod
    def parse(cls, text: str) -> "PassageExpectation":
        """Raises ValueError saying what would be right."""
        return cls(Expression.parse(text, lambda name: "number" if name in NAMES else None, NAMES))

    @property
    def speaks_of_errors(self) -> bool:
        """Then it takes the place of the rule that no request may fail."""
        return self.expression.name in _OF_ERRORS

    def check(self, gateways: Sequence[GatewayReport], rules: Sequence[RuleReport]) -> Check:
        """Of no requests nothing is met."""
        name, text = self.expression.name, self.expression.text
        if not taken(gateways, rules):
            return Check(name=text, result="fail", sentence=f"{name} was not measured, expected {text}")
        values = self._values(gateways, rules)
        result: Result = "pass" if values and all(map(self.expression.is_met_by, values.values())) else "fail"
        shown = ", ".join(f"{value:g}{where}" for where, value in values.items())
        return Check(name=text, result=result, sentence=f"{name} is {shown}, expected {text}")

    def _values(self, gateways: Sequence[GatewayReport], rules: Sequence[RuleReport]) -> Mapping[str, float]:
        """By where."""
        of_rule = _OF_EACH_RULE.get(self.expression.name)
        if of_rule is None:
            return {"": _OF_ALL[self.expression.name](gateways, rules)}
        if len(rules) == 1:
            return {"": of_rule(rules[0].spread)}
        return {f" ({title(each)} of {each.gateway})": of_rule(each.spread) for each in rules}
