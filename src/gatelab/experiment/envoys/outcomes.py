"""How requests ended as an Envoy saw it, from its counters. Pure: readings in, differences out.

An endpoint's `rq_success` and `rq_error` (`/clusters`) go by the gRPC status of a gRPC answer: an error is what the
mapping of statuses makes a 5xx of (Envoy, `Grpc::Utility::grpcToHttpStatus`): UNKNOWN, DEADLINE_EXCEEDED,
UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS. NOT_FOUND or PERMISSION_DENIED are answers. A request that its
client gave up on is neither.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]
Endpoint = tuple[str, Address]
_OWN = "admin"
"""The listener that shows the counters counts its own requests too."""
_RECEIVED = re.compile(
    r'^envoy_http_downstream_rq_total\{[^}]*envoy_http_conn_manager_prefix="([^"]*)"[^}]*\} (\d+)$', re.MULTILINE
)
_REFUSED = re.compile(r"^envoy_listener_ssl_connection_error\{[^}]*\} (\d+)$", re.MULTILINE)
_UNROUTED = re.compile(
    r"^envoy_http_(?:no_route|no_cluster|rq_direct_response)"
    r'\{[^}]*envoy_http_conn_manager_prefix="([^"]*)"[^}]*\} (\d+)$',
    re.MULTILINE,
)
_UNREADY = re.compile(
    r'^envoy_cluster_upstream_cx_none_healthy\{[^}]*envoy_cluster_name="([^"]*)"[^}]*\} (\d+)$', re.MULTILINE
)
WANTED = (
    r"http\..*\.(downstream_rq_total|no_route|no_cluster|rq_direct_response)"
    r"|listener\..*\.ssl\.connection_error|cluster\..*\.upstream_cx_none_healthy"
)
"""Names of statistics, as a part of an expression."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The counters at one moment. `endpoints` are pairs: answered, failed."""

    endpoints: Mapping[Endpoint, tuple[int, int]] = field(default_factory=dict)
    received: int = 0
    """Requests that clients sent to the Gateway's listeners."""
    refused: int = 0
    """TLS handshakes that failed."""
    unrouted: int = 0
    """Requests that Envoy answered itself: no rule takes them, or it has no backend. Redirects are not of them."""
    unready: Mapping[str, int] = field(default_factory=dict)
    """By backend, requests that found no pod ready."""


def outcomes(
    endpoints: Mapping[Endpoint, tuple[int, int]], stats: str, backend_of: Callable[[str], str | None]
) -> Outcomes:
    """From an Envoy's statistics in Prometheus' format, which may lack what nobody has asked for.

    `backend_of` says of a cluster's name in statistics which backend it is of, None if of no wanted one.
    """
    unready: dict[str, int] = {}
    for name, count in _UNREADY.findall(stats):
        if (backend := backend_of(name)) is not None:
            unready[backend] = unready.get(backend, 0) + int(count)
    return Outcomes(
        endpoints,
        received=_of_clients(_RECEIVED, stats),
        refused=sum(map(int, _REFUSED.findall(stats))),
        unrouted=_of_clients(_UNROUTED, stats),
        unready=unready,
    )


def _of_clients(pattern: re.Pattern[str], stats: str) -> int:
    return sum(int(count) for prefix, count in pattern.findall(stats) if prefix != _OWN)


def of_host(host: Mapping[str, Any]) -> tuple[int, int]:
    """Of one of `host_statuses`. Zero is left out of the JSON, and 64 bits are written as text."""
    found = {each.get("name"): int(each.get("value", 0)) for each in host.get("stats") or ()}
    return found.get("rq_success", 0), found.get("rq_error", 0)


@dataclass(slots=True)
class OutcomeTally:
    """The outcomes of one Envoy process, added up. What an endpoint got between the last reading and its removal is
    in none of them.
    """

    ok: dict[str, int] = field(default_factory=dict)
    """By backend."""
    failed: dict[str, int] = field(default_factory=dict)
    unready: dict[str, int] = field(default_factory=dict)
    received: int = 0
    refused: int = 0
    unrouted: int = 0
    _last: Outcomes = field(default_factory=Outcomes)

    def start(self, first: Outcomes) -> None:
        self._last = first

    def add(self, now: Outcomes) -> None:
        """A later reading. Counters that fall have begun anew."""
        for (backend, address), (ok, failed) in now.endpoints.items():
            ok_before, failed_before = self._last.endpoints.get((backend, address), (0, 0))
            self.ok[backend] = self.ok.get(backend, 0) + grown(ok_before, ok)
            self.failed[backend] = self.failed.get(backend, 0) + grown(failed_before, failed)
        self.received += grown(self._last.received, now.received)
        self.refused += grown(self._last.refused, now.refused)
        self.unrouted += grown(self._last.unrouted, now.unrouted)
        for backend, count in now.unready.items():
            more = grown(self._last.unready.get(backend, 0), count)
            self.unready[backend] = self.unready.get(backend, 0) + more
        self._last = now


def grown(before: int, now: int) -> int:
    """By how much a counter has grown; one that is less than before has begun anew."""
    return now - before if now >= before else now
