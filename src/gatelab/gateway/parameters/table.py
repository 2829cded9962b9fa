"""The vocabulary of parameters: the whole of it, and the table in docs/gateway.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.gateway.parameters import forms
from gatelab.gateway.parameters.forms import Form


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key, the form of its values, its default as it would be written ("" is: off), and what it does."""

    form: Form
    default: str
    meaning: str


PARAMETERS: Mapping[str, Parameter] = {
    "workers": Parameter(forms.whole(1, 128), "1", "worker threads of each Envoy; connections are dealt out evenly"),
    "replicas": Parameter(forms.whole(1, 20), "", "Envoys; without it, `kubectl scale` says how many"),
    "requests.cpu": Parameter(forms.QUANTITY, "", "what an Envoy asks of its node"),
    "requests.memory": Parameter(forms.QUANTITY, "", "what an Envoy asks of its node"),
    "limits.cpu": Parameter(forms.QUANTITY, "", "what an Envoy may take"),
    "limits.memory": Parameter(forms.QUANTITY, "", "what an Envoy may take"),
    "accessLog": Parameter(forms.one_of("off", "text", "json"), "off", "a line per request, in the log of the pod"),
    "loadBalancing.policy": Parameter(
        forms.one_of("round_robin", "least_request", "random", "ring_hash", "maglev"),
        "round_robin",
        "which endpoint of a backend gets a request",
    ),
    "loadBalancing.header": Parameter(forms.HEADER, "", "the request header that `ring_hash` and `maglev` choose by"),
    "outlierDetection.consecutiveErrors": Parameter(
        forms.whole(1, 1_000_000), "", "errors in a row (5xx, or a gRPC status of that kind) that eject an endpoint"
    ),
    "outlierDetection.interval": Parameter(forms.DURATION, "10s", "between two looks at who may come back"),
    "outlierDetection.baseEjectionTime": Parameter(forms.DURATION, "30s", "how long; times the number of ejections"),
    "outlierDetection.maxEjectionPercent": Parameter(forms.whole(0, 100), "50", "of the endpoints, at most"),
    "circuitBreakers.maxConnections": Parameter(forms.LIMIT, "", "to all endpoints of a backend, per Envoy"),
    "circuitBreakers.maxPendingRequests": Parameter(forms.LIMIT, "", "requests that wait for a connection"),
    "circuitBreakers.maxRequests": Parameter(forms.LIMIT, "", "requests under way"),
    "circuitBreakers.maxRetries": Parameter(forms.LIMIT, "", "retries under way"),
    "grpcRetry.attempts": Parameter(forms.whole(1, 20), "", "how often a failed call of a GRPCRoute is made again"),
    "grpcRetry.codes": Parameter(forms.GRPC_CODES, "unavailable", "after which gRPC statuses, separated by commas"),
    "grpcRetry.backoff": Parameter(forms.DURATION, "25ms", "the longest pause before the first retry; then doubled"),
    "grpcHealthCheck.interval": Parameter(
        forms.DURATION, "", "how often HTTP/2 backends are asked by grpc.health.v1; who does not serve gets nothing"
    ),
    "grpcHealthCheck.timeout": Parameter(forms.DURATION, "1s", "how long an answer may take"),
    "grpcHealthCheck.service": Parameter(forms.SERVICE, "", "the service that is asked about; else the whole server"),
    "grpcHealthCheck.unhealthyThreshold": Parameter(forms.whole(1, 1000), "3", "bad answers that take it out"),
    "grpcHealthCheck.healthyThreshold": Parameter(forms.whole(1, 1000), "1", "good answers that take it back"),
}
"""By key, in the order in which they are documented."""
