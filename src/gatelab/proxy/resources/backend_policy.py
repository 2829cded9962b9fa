"""Load balancing, limits and health of a backend, as fields of its Cluster."""

import functools

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers as EnvoyBreakers
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.cluster.v3.outlier_detection_pb2 import OutlierDetection as EnvoyOutliers
from envoy.config.core.v3.health_check_pb2 import HealthCheck
from envoy.config.route.v3.route_components_pb2 import RouteAction
from google.protobuf.wrappers_pb2 import UInt32Value

from gatelab.proxy.model import BackendPolicy, CircuitBreakers, GrpcHealthCheck, OutlierDetection
from gatelab.proxy.resources.sources import duration

PRACTICALLY_UNLIMITED = 1_000_000_000
"""For circuit breakers, whose default of 1,024 would shed the load of a load test."""

_POLICIES = {
    "round_robin": Cluster.ROUND_ROBIN,
    "least_request": Cluster.LEAST_REQUEST,
    "random": Cluster.RANDOM,
    "ring_hash": Cluster.RING_HASH,
    "maglev": Cluster.MAGLEV,
}
_ALL = UInt32Value(value=100)
_NONE = UInt32Value(value=0)


def apply_policy(cluster: Cluster, policy: BackendPolicy) -> None:
    """Puts the policy into the cluster, but for what it chooses by (`hash_policies`)."""
    cluster.lb_policy = _POLICIES[policy.balance]
    cluster.circuit_breakers.CopyFrom(_breakers(policy.breakers))
    if policy.outliers is not None:
        cluster.outlier_detection.CopyFrom(_outliers(policy.outliers))
    if policy.health_check is not None:
        cluster.health_checks.append(_health_check(policy.health_check))


def hash_policies(policy: BackendPolicy) -> list[RouteAction.HashPolicy]:
    """What ring_hash and maglev choose by; a request without the header goes anywhere."""
    if not policy.hash_header:
        return []
    return [RouteAction.HashPolicy(header=RouteAction.HashPolicy.Header(header_name=policy.hash_header))]


@functools.cache
def _breakers(breakers: CircuitBreakers) -> EnvoyBreakers:
    def limit(value: int | None) -> UInt32Value:
        return UInt32Value(value=PRACTICALLY_UNLIMITED if value is None else value)

    thresholds = EnvoyBreakers.Thresholds(
        max_connections=limit(breakers.max_connections),
        max_pending_requests=limit(breakers.max_pending_requests),
        max_requests=limit(breakers.max_requests),
        max_retries=limit(breakers.max_retries),
    )
    return EnvoyBreakers(thresholds=[thresholds])


def _outliers(outliers: OutlierDetection) -> EnvoyOutliers:
    """Errors in a row and nothing else: the statistical kinds, which Envoy has on by default, are off."""
    return EnvoyOutliers(
        consecutive_5xx=UInt32Value(value=outliers.consecutive_errors),
        enforcing_consecutive_5xx=_ALL,
        enforcing_consecutive_gateway_failure=_NONE,
        enforcing_success_rate=_NONE,
        interval=duration(outliers.interval_s),
        base_ejection_time=duration(outliers.base_ejection_s),
        max_ejection_percent=UInt32Value(value=outliers.max_ejection_percent),
    )


def _health_check(check: GrpcHealthCheck) -> HealthCheck:
    """Also of endpoints without traffic, which Envoy would ask once a minute only."""
    return HealthCheck(
        timeout=duration(check.timeout_s),
        interval=duration(check.interval_s),
        no_traffic_interval=duration(check.interval_s),
        unhealthy_threshold=UInt32Value(value=check.unhealthy_threshold),
        healthy_threshold=UInt32Value(value=check.healthy_threshold),
        grpc_health_check=HealthCheck.GrpcHealthCheck(service_name=check.service),
    )
