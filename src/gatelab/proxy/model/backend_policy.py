"""How a proxy treats the endpoints of a backend: which one is chosen, how much they get, when they are left out.

The defaults change nothing: endpoints in turn, no limits, nobody left out, no call made again.
"""

from dataclasses import dataclass
from typing import Literal

Balance = Literal["round_robin", "least_request", "random", "ring_hash", "maglev"]
GrpcCode = Literal["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]
"""What Envoy can call again after (`x-envoy-retry-grpc-on`)."""


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """An endpoint that fails `consecutive_errors` times in a row (5xx, or what is such in gRPC) is ejected.

    For `base_ejection_s`, times the number of its ejections; never more than `max_ejection_percent` of all.
    """

    consecutive_errors: int
    interval_s: float = 10.0
    base_ejection_s: float = 30.0
    max_ejection_percent: int = 50


@dataclass(frozen=True, slots=True)
class CircuitBreakers:
    """What a backend gets at most at a time; None is no limit. What is above it fails at once."""

    max_connections: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class GrpcHealthCheck:
    """Every endpoint is asked by grpc.health.v1.Health/Check; `service` "" asks for the server as a whole."""

    interval_s: float
    timeout_s: float = 1.0
    service: str = ""
    unhealthy_threshold: int = 3
    healthy_threshold: int = 1


@dataclass(frozen=True, slots=True)
class BackendPolicy:
    """`hash_header` (lower case) is what ring_hash and maglev choose by."""

    balance: Balance = "round_robin"
    hash_header: str = ""
    outliers: OutlierDetection | None = None
    breakers: CircuitBreakers = CircuitBreakers()
    health_check: GrpcHealthCheck | None = None


@dataclass(frozen=True, slots=True)
class GrpcRetry:
    """A call that fails with one of `codes` is made again, up to `attempts` times more, on another endpoint if any.

    Before each there is a random pause of up to `backoff_s`, doubled each time.
    """

    attempts: int
    codes: tuple[GrpcCode, ...] = ("unavailable",)
    backoff_s: float = 0.025


NO_POLICY = BackendPolicy()
