"""Parameters of data planes: what the ConfigMap behind a `parametersRef` may say, read strictly (GEP-1867).

A key that is not in the vocabulary (`table`), or a value that does not have the form, is a problem that names
the ConfigMap, the key and what to write.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatelab.gateway.parameters.table import PARAMETERS
from gatelab.proxy.model import (
    NO_POLICY,
    AccessLog,
    BackendPolicy,
    CircuitBreakers,
    GrpcHealthCheck,
    GrpcRetry,
    OutlierDetection,
)

_SWITCHES = {
    "outlierDetection": "outlierDetection.consecutiveErrors",
    "grpcRetry": "grpcRetry.attempts",
    "grpcHealthCheck": "grpcHealthCheck.interval",
}
"""What turns a group on: the others of the group do nothing without it."""
_HASHES = ("ring_hash", "maglev")
_SHOWN, _LONGEST_SHOWN = 8, 60
"""Of problems, and of the characters of a value: a condition's message has an end."""


class InvalidParameters(ValueError):
    """The message names the ConfigMap, the key and the fix, of everything that is wrong."""


@dataclass(frozen=True, slots=True)
class Source:
    """A ConfigMap as it is called in messages, and its `data`."""

    name: str
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameters:
    """`replicas` None leaves their number to people; `resources` are those of a container."""

    workers: int = 1
    replicas: int | None = None
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    access_log: AccessLog = "off"
    backends: BackendPolicy = NO_POLICY
    grpc_retry: GrpcRetry | None = None


NO_PARAMETERS = Parameters()


def read(sources: Sequence[Source]) -> Parameters:
    """What the sources say together: a later one wins, key by key. Raises InvalidParameters."""
    found: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems: list[str] = []
    for source in sources:
        for key, text in source.data.items():
            try:
                found[key], origins[key] = _value(key, text.strip()), source.name
            except ValueError as error:
                problems.append(f"{source.name}: {error}")
    if not problems:
        problems = [f"{origins[key]}: {problem}" for key, problem in _contradictions(found)]
    if problems:
        raise InvalidParameters("; ".join((*problems[:_SHOWN], *_more(len(problems) - _SHOWN))))
    defaults = {key: each.form.parse(each.default) for key, each in PARAMETERS.items() if each.default}
    return _assembled({**dict.fromkeys(PARAMETERS), **defaults, **found})


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield f"and {count} more"


def _value(key: str, text: str) -> Any:
    parameter = PARAMETERS.get(key)
    if parameter is None:
        near = difflib.get_close_matches(key, PARAMETERS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(PARAMETERS)}"
        raise ValueError(f"key {key} is unknown: {hint}")
    try:
        return parameter.form.parse(text)
    except ValueError:
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
        raise ValueError(f"key {key}: {shown!r} will not do: write {parameter.form.words}") from None


def _contradictions(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that need others, or forbid them; each with a sentence."""
    policy, header = "loadBalancing.policy", "loadBalancing.header"
    if found.get(policy) in _HASHES and header not in found:
        yield policy, f"key {policy}: {found[policy]} needs {header}: add it"
    if header in found and found.get(policy) not in _HASHES:
        yield header, f"key {header}: only {' and '.join(_HASHES)} look at it: set {policy}, or remove it"
    for key in found:
        switch = _SWITCHES.get(key.partition(".")[0])
        if switch is not None and switch not in found:
            yield key, f"key {key}: does nothing without {switch}: add that, or remove it"


def _assembled(values: Mapping[str, Any]) -> Parameters:
    return Parameters(
        workers=values["workers"],
        replicas=values["replicas"],
        resources=_resources(values),
        access_log=values["accessLog"],
        backends=BackendPolicy(
            balance=values["loadBalancing.policy"],
            hash_header=values["loadBalancing.header"] or "",
            outliers=_outliers(values),
            breakers=CircuitBreakers(
                max_connections=values["circuitBreakers.maxConnections"],
                max_pending_requests=values["circuitBreakers.maxPendingRequests"],
                max_requests=values["circuitBreakers.maxRequests"],
                max_retries=values["circuitBreakers.maxRetries"],
            ),
            health_check=_health_check(values),
        ),
        grpc_retry=_grpc_retry(values),
    )


def _resources(values: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        group, _, name = key.partition(".")
        if group in ("requests", "limits") and value is not None:
            found.setdefault(group, {})[name] = value
    if "limits" in found:
        # As the API would fill it in.
        found["requests"] = {**found["limits"], **found.get("requests", {})}
    return found


def _outliers(values: Mapping[str, Any]) -> OutlierDetection | None:
    group = "outlierDetection."
    if values[f"{group}consecutiveErrors"] is None:
        return None
    return OutlierDetection(
        consecutive_errors=values[f"{group}consecutiveErrors"],
        interval_s=values[f"{group}interval"],
        base_ejection_s=values[f"{group}baseEjectionTime"],
        max_ejection_percent=values[f"{group}maxEjectionPercent"],
    )


def _grpc_retry(values: Mapping[str, Any]) -> GrpcRetry | None:
    if values["grpcRetry.attempts"] is None:
        return None
    return GrpcRetry(values["grpcRetry.attempts"], values["grpcRetry.codes"], values["grpcRetry.backoff"])


def _health_check(values: Mapping[str, Any]) -> GrpcHealthCheck | None:
    group = "grpcHealthCheck."
    if values[f"{group}interval"] is None:
        return None
    return GrpcHealthCheck(
        interval_s=values[f"{group}interval"],
        timeout_s=values[f"{group}timeout"],
        service=values[f"{group}service"] or "",
        unhealthy_threshold=values[f"{group}unhealthyThreshold"],
        healthy_threshold=values[f"{group}healthyThreshold"],
    )
