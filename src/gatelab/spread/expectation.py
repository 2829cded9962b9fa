"""What chance does to connections: each picks one of n pods at random and stays there (kube-proxy, our L4 proxy)."""

import math
from dataclasses import dataclass

EXACT_CONNECTIONS = 40
"""Up to here the expected maximum is exact; above, pods are taken as independent, which is within a percent there."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """`pods_hit[k]` is the probability that exactly k pods get a connection, k from 0 to `pods`."""

    connections: int
    pods: int
    pods_hit: tuple[float, ...]
    mean_pods_hit: float
    mean_largest_share: float
    """The expected share of all connections that the busiest pod has."""

    @property
    def sentence(self) -> str:
        if self.connections == 1:
            return f"1 connection over {_pods(self.pods)} at L4: one pod is expected to get everything"
        return (
            f"{self.connections} connections over {_pods(self.pods)} at L4: {self.mean_pods_hit:.2f} pods expected to "
            f"be hit (all of them in {self.pods_hit[-1]:.1%} of runs), the busiest with {self.mean_largest_share:.0%}"
        )


def _pods(count: int) -> str:
    return f"{count} pod" if count == 1 else f"{count} pods"


def expect(connections: int, pods: int) -> Expectation:
    """The expectation for `connections` >= 1 over `pods` >= 1. Raises ValueError."""
    if connections < 1 or pods < 1:
        raise ValueError(f"connections and pods must be at least 1, not {connections} and {pods}")
    return Expectation(
        connections=connections,
        pods=pods,
        pods_hit=_pods_hit(connections, pods),
        mean_pods_hit=pods * -math.expm1(connections * math.log1p(-1 / pods)) if pods > 1 else 1.0,
        mean_largest_share=_mean_largest(connections, pods) / connections,
    )


def _pods_hit(connections: int, pods: int) -> tuple[float, ...]:
    """The occupancy distribution, connection by connection: k pods are hit, the next falls on a new one or not."""
    chances = [1.0] + [0.0] * pods
    for _ in range(connections):
        chances = [
            chances[k] * k / pods + (chances[k - 1] * (pods - k + 1) / pods if k else 0.0) for k in range(pods + 1)
        ]
    return tuple(chances)


def _mean_largest(connections: int, pods: int) -> float:
    """E[max] = Σ P(max > m) over m >= 0."""
    at_most = _at_most_exact if connections <= EXACT_CONNECTIONS else _at_most_independent
    return sum(1.0 - at_most(m, connections, pods) for m in range(connections))


def _at_most_exact(most: int, connections: int, pods: int) -> float:
    """P(no pod has more than `most`): c! n^-c times the coefficient of x^c in (Σ_{j<=most} x^j / j!)^n."""
    one = [1 / math.factorial(j) if j <= most else 0.0 for j in range(connections + 1)]
    all_pods = [1.0] + [0.0] * connections
    for _ in range(pods):
        all_pods = [sum(all_pods[i - j] * one[j] for j in range(i + 1)) for i in range(connections + 1)]
    return min(1.0, all_pods[connections] * math.factorial(connections) / float(pods) ** connections)


def _at_most_independent(most: int, connections: int, pods: int) -> float:
    p = 1 / pods
    if pods == 1:
        return 0.0
    below = math.fsum(
        math.exp(
            math.lgamma(connections + 1)
            - math.lgamma(j + 1)
            - math.lgamma(connections - j + 1)
            + j * math.log(p)
            + (connections - j) * math.log1p(-p)
        )
        for j in range(most + 1)
    )
    return float(min(1.0, below) ** pods)
