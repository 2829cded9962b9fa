"""How requests ended as an Envoy saw it, from its counters. Pure: readings in, differences out.

An endpoint's `rq_success` and `rq_error` (`/clusters`) go by the gRPC status of a gRPC answer: an error is what the
mapping of statuses makes a 5xx of (Envoy, `Grpc::Utility::grpcToHttpStatus`): UNKNOWN, DEADLINE_EXCEEDED,
UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS. NOT_FOUND or PERMISSION_DENIED are answers. A request that its
client gave up on is neither.
"""

import re
from collections.abc import Mapping
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
WANTED = r"http\..*\.downstream_rq_total|listener\..*\.ssl\.connection_error"
"""Names of statistics, as a part of an expression."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The counters at one moment. `endpoints` are pairs: answered, failed."""

    endpoints: Mapping[Endpoint, tuple[int, int]] = field(default_factory=dict)
    received: int = 0
    """Requests that clients sent to the Gateway's listeners."""
    refused: int = 0
    """TLS handshakes that failed."""


def outcomes(endpoints: Mapping[Endpoint, tuple[int, int]], stats: str) -> Outcomes:
    """From an Envoy's statistics in Prometheus' format, which may lack what nobody has asked for."""
    received = sum(int(count) for prefix, count in _RECEIVED.findall(stats) if prefix != _OWN)
    return Outcomes(endpoints, received, sum(map(int, _REFUSED.findall(stats))))


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
    received: int = 0
    refused: int = 0
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
        self._last = now


def grown(before: int, now: int) -> int:
    """By how much a counter has grown; one that is less than before has begun anew."""
    return now - before if now >= before else now
