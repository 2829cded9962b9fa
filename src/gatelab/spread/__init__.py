"""How evenly requests fell on pods, and what may be concluded from it.

In: counts per pod, expected shares, numbers of pods and connections. Out: shares and indices (`shares`), what chance
alone would do (`expectation`) and what a proxy's workers would (`prediction`), a test with a stated bound against an
even spread (`equivalence`) and one against weights (`weighted`). Pure arithmetic: no IO, no clock, no randomness, and
no knowledge of gRPC or Kubernetes.
"""

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
