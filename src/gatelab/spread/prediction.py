"""What a layer 7 proxy is expected to do, before anything is measured.

Envoy's workers share nothing: a connection stays with the worker that accepted it, and each worker takes the endpoints
in turn by itself (round robin). So as many rounds run side by side as workers have connections.
"""

import math
from dataclasses import dataclass

from gatelab.spread.expectation import expect


@dataclass(frozen=True, slots=True)
class Prediction:
    """For `connections` that each fall on one of `workers` at random."""

    requests: int
    connections: int
    workers: int
    pods: int
    mean_workers_hit: float
    most_max_minus_min: int
    """No more than this under round robin while endpoints stay: each worker's own round is off by at most 1."""
    random_coefficient_of_variation: float
    """Root mean square, were the endpoint of each request drawn at random (LEAST_REQUEST without load, RANDOM)."""

    @property
    def sentence(self) -> str:
        connections = f"{self.connections} connection{'' if self.connections == 1 else 's'}"
        workers = f"{self.workers} Envoy worker{'' if self.workers == 1 else 's'}"
        carry = "" if self.workers == 1 else f"{self.mean_workers_hit:.2f} of them expected to carry requests, "
        return (
            f"{connections} over {workers} at L7: {carry}round robin keeps max - min "
            f"at {self.most_max_minus_min} or below (at random: CV {self.random_coefficient_of_variation:.3f})"
        )


def predict(*, requests: int, connections: int, workers: int, pods: int) -> Prediction:
    """All at least 1, `requests` at least 0. Raises ValueError."""
    if requests < 0 or pods < 1:
        raise ValueError(f"requests must not be negative and pods at least 1, not {requests} and {pods}")
    return Prediction(
        requests=requests,
        connections=connections,
        workers=workers,
        pods=pods,
        mean_workers_hit=expect(connections, workers).mean_pods_hit,
        most_max_minus_min=min(connections, workers) if pods > 1 else 0,
        random_coefficient_of_variation=math.sqrt((pods - 1) / requests) if requests else 0.0,
    )
