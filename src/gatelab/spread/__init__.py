"""How evenly requests fell on pods, and what may be concluded from it.

In: counts per pod, numbers of pods and connections. Out: shares and indices (`shares`), what chance alone would do
(`expectation`), and a test with a stated bound (`equivalence`). Pure arithmetic: no IO, no clock, no randomness, and no
knowledge of gRPC or Kubernetes.
"""

from gatelab.spread.equivalence import Equivalence, assess, finest_bound, needed_sample
from gatelab.spread.expectation import Expectation, expect
from gatelab.spread.shares import Spread, measure

__all__ = ["Equivalence", "Expectation", "Spread", "assess", "expect", "finest_bound", "measure", "needed_sample"]
