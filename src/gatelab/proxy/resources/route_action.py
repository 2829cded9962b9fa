"""Where a matched request goes: RouteAction, or an answer of Envoy's own."""

import functools
from collections.abc import Sequence

from envoy.config.core.v3.base_pb2 import DataSource, RuntimeFractionalPercent
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, RetryPolicy, RouteAction, WeightedCluster
from envoy.extensions.retry.host.previous_hosts.v3.previous_hosts_pb2 import PreviousHostsPredicate
from envoy.type.v3.percent_pb2 import FractionalPercent
from google.protobuf.wrappers_pb2 import UInt32Value

from gatelab.proxy.model import NO_CHANGES, Forward, GrpcRetry, Mirror, Retry, WeightedBackend
from gatelab.proxy.resources.cluster import UNSERVABLE
from gatelab.proxy.resources.encoded import packed
from gatelab.proxy.resources.header_changes import change_headers
from gatelab.proxy.resources.path_change import change_path
from gatelab.proxy.resources.sources import duration

_NOT_FOUND_CODES = {
    404: RouteAction.ClusterNotFoundResponseCode.NOT_FOUND,
    500: RouteAction.ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR,
    503: RouteAction.ClusterNotFoundResponseCode.SERVICE_UNAVAILABLE,
}
_LONGEST_S = 9e9
"""Envoy counts nanoseconds in 64 bits."""
_SHORTEST_BACKOFF_S = 0.001
"""Envoy counts in milliseconds, and 0 is not allowed."""
_HOST_ATTEMPTS = 20
"""Draws of another endpoint for a retry: enough that a random choice of two finds the other one."""


def refusal(forward: Forward, words: str) -> DirectResponseAction | None:
    """The answer to every request when nothing may be served by weight; Envoy turns it into a gRPC status for gRPC."""
    if any(share.weight > 0 and share.backend is not None for share in forward.backends):
        return None
    return DirectResponseAction(status=forward.failure_status, body=DataSource(inline_string=words))


def forward_action(forward: Forward) -> RouteAction:
    """Forwarding by weight, with the connect retries.

    Raises ValueError for a `failure_status` that Envoy cannot give for a share (404, 500 and 503 it can).
    """
    if forward.failure_status not in _NOT_FOUND_CODES:
        raise ValueError(f"failure_status must be 404, 500 or 503, not {forward.failure_status}")
    action = RouteAction(
        # 0 is no timeout; left out it would be 15 s, which ends a stream.
        timeout=duration(forward.timeout_s or 0),
        cluster_not_found_response_code=_NOT_FOUND_CODES[forward.failure_status],
    )
    _send(action, [share for share in forward.backends if share.weight > 0])
    if forward.host:
        action.host_rewrite_literal = forward.host
    if forward.path is not None:
        change_path(action, forward.path)
    action.request_mirror_policies.extend(_mirror(mirror) for mirror in forward.mirrors)
    if forward.connect_retries > 0 or forward.retry is not None or forward.grpc_retry is not None:
        action.retry_policy.CopyFrom(_retry(forward.connect_retries, forward.retry, forward.grpc_retry))
    if forward.attempt_timeout_s is not None:
        action.retry_policy.per_try_timeout.CopyFrom(duration(forward.attempt_timeout_s))
    return action


def _send(action: RouteAction, shares: Sequence[WeightedBackend]) -> None:
    (first, *others) = shares
    if not others and first.request_headers == first.response_headers == NO_CHANGES:
        action.cluster = _cluster(first)
        return
    for share in shares:
        weighted = WeightedCluster.ClusterWeight(name=_cluster(share), weight=UInt32Value(value=share.weight))
        change_headers(weighted, share.request_headers, share.response_headers)
        action.weighted_clusters.clusters.append(weighted)


def _mirror(mirror: Mirror) -> RouteAction.RequestMirrorPolicy:
    fraction = FractionalPercent(numerator=mirror.parts_per_million, denominator=FractionalPercent.MILLION)
    return RouteAction.RequestMirrorPolicy(
        cluster=mirror.backend,
        runtime_fraction=RuntimeFractionalPercent(default_value=fraction),
        disable_shadow_host_suffix_append=True,
    )


def _cluster(share: WeightedBackend) -> str:
    return share.backend or UNSERVABLE


def keep_grpc_deadline(action: RouteAction) -> None:
    """The time that `grpc-timeout` leaves holds here too (DEADLINE_EXCEEDED); the backend sees the header as it was."""
    action.max_stream_duration.grpc_timeout_header_max.CopyFrom(duration(0))


@functools.cache
def _retry(connect_retries: int, retry: Retry | None, grpc_retry: GrpcRetry | None) -> RetryPolicy:
    """On another endpoint than before. Without a `retry` only what was certainly not sent.

    Envoy has one count for all reasons, and waits at random between nothing and twice the mean. What gRPC calls
    UNAVAILABLE is also a connection that was lost.
    """
    policy = RetryPolicy(
        retry_on="connect-failure,refused-stream",
        num_retries=UInt32Value(value=connect_retries),
        retry_host_predicate=[
            RetryPolicy.RetryHostPredicate(
                name="envoy.retry_host_predicates.previous_hosts", typed_config=packed(PreviousHostsPredicate())
            )
        ],
        host_selection_retry_max_attempts=_HOST_ATTEMPTS,
    )
    if retry is not None:
        policy.retry_on += ",reset,retriable-status-codes"
        policy.num_retries.value = max(connect_retries, retry.attempts)
        policy.retriable_status_codes.extend(retry.statuses)
        if retry.backoff_s is not None:
            mean = max(retry.backoff_s, _SHORTEST_BACKOFF_S)
            policy.retry_back_off.base_interval.CopyFrom(duration(2 * mean))
            policy.retry_back_off.max_interval.CopyFrom(duration(min(20 * mean, _LONGEST_S)))
    if grpc_retry is not None:
        lost = ("reset",) if "unavailable" in grpc_retry.codes else ()
        policy.retry_on = ",".join((policy.retry_on, *lost, *grpc_retry.codes))
        policy.num_retries.value = max(policy.num_retries.value, grpc_retry.attempts)
        pause = max(grpc_retry.backoff_s, _SHORTEST_BACKOFF_S)
        policy.retry_back_off.base_interval.CopyFrom(duration(pause))
        policy.retry_back_off.max_interval.CopyFrom(duration(10 * pause))
    return policy
