"""How evenly requests fell on pods, and what may be concluded from it.

In: counts per pod, expected shares, numbers of pods and connections. Out: shares and indices (`shares`), what chance
alone would do (`expectation`) and what a proxy's workers would (`prediction`), a test with a stated bound against an
even spread (`equivalence`) and one against weights (`weighted`). Pure arithmetic: no IO, no clock, no randomness, and
no knowledge of gRPC or Kubernetes.

A load run needs the indices only, and must not pay for the tests: the names below are loaded when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatelab.spread.equivalence import Equivalence, assess, finest_bound, needed_sample
    from gatelab.spread.expectation import Expectation, expect
    from gatelab.spread.prediction import Prediction, predict
    from gatelab.spread.shares import Spread, measure
    from gatelab.spread.weighted import Share, WeightedTest, assess_shares, likely_sample, needed_for

__all__ = [
    "Equivalence",
    "Expectation",
    "Prediction",
    "Share",
    "Spread",
    "WeightedTest",
    "assess",
    "assess_shares",
    "expect",
    "finest_bound",
    "likely_sample",
    "measure",
    "needed_for",
    "needed_sample",
    "predict",
]

_HOMES = {
    "Equivalence": "equivalence",
    "Expectation": "expectation",
    "Prediction": "prediction",
    "Share": "weighted",
    "Spread": "shares",
    "WeightedTest": "weighted",
    "assess": "equivalence",
    "assess_shares": "weighted",
    "expect": "expectation",
    "finest_bound": "equivalence",
    "likely_sample": "weighted",
    "measure": "shares",
    "needed_for": "weighted",
    "needed_sample": "equivalence",
    "predict": "prediction",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
