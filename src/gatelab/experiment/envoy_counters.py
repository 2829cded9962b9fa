"""What Envoys have sent to each endpoint, from their counters. Pure: readings in, counts out.

A counter of an endpoint (`rq_total` of `/clusters`) lives as long as the endpoint is in its cluster, and the cluster's
(`upstream_rq_total`) as long as the cluster is in Envoy: what an endpoint got between the last reading and its removal
is the difference of the two. Counters that fall have begun anew.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]
_TOTAL = re.compile(r'^envoy_cluster_upstream_rq_total\{[^}]*envoy_cluster_name="([^"]*)"[^}]*\} (\d+)$', re.MULTILINE)
_WORKERS = re.compile(r"^envoy_server_concurrency(?:\{\})? (\d+)$", re.MULTILINE)
STATS = {"filter": r"^(server\.concurrency|cluster\..*\.upstream_rq_total)$"}
"""The query of `/stats/prometheus` for what `reading` wants of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One Envoy at one moment, as far as the wanted backends go: requests to each endpoint, and to each backend."""

    endpoints: Mapping[tuple[str, Address], int]
    totals: Mapping[str, int]
    workers: int
    """0 if unsaid."""


def reading(clusters: bytes, stats: bytes, backends: Iterable[str]) -> Reading:
    """From the bodies of `/clusters?format=json` and `/stats/prometheus`. Raises ValueError unless they are Envoy's.

    A backend's cluster bears its name, or that and a suffix behind a slash when it is reached in more than one way.
    """
    wanted = tuple(backends)
    endpoints: dict[tuple[str, Address], int] = {}
    totals = dict.fromkeys(wanted, 0)
    for cluster in _clusters(clusters):
        backend = _backend(str(cluster.get("name")), wanted)
        for host in (cluster.get("host_statuses") or ()) if backend else ():
            socket = (host.get("address") or {}).get("socket_address") or {}
            key = (backend or "", (str(socket.get("address")), int(socket.get("port_value") or 0)))
            endpoints[key] = endpoints.get(key, 0) + _requests(host)
    text = stats.decode(errors="replace")
    # In the names of statistics Envoy has _ in place of :
    in_stats = {each.replace(":", "_"): each for each in wanted}
    for name, count in _TOTAL.findall(text):
        if (backend := _backend(name, in_stats)) is not None:
            totals[in_stats[backend]] += int(count)
    workers = _WORKERS.search(text)
    return Reading(endpoints, totals, int(workers[1]) if workers else 0)


def _clusters(body: bytes) -> list[dict[str, Any]]:
    parsed = json.loads(body)
    found = parsed.get("cluster_statuses") if isinstance(parsed, dict) else None
    if not isinstance(found, list):
        raise ValueError("no cluster_statuses")
    return found


def _backend(cluster: str, backends: Iterable[str]) -> str | None:
    return next((each for each in backends if cluster == each or cluster.startswith(f"{each}/")), None)


def _requests(host: Mapping[str, Any]) -> int:
    """Zero is left out of the JSON, and 64 bits are written as text."""
    return next((int(each.get("value", 0)) for each in host.get("stats") or () if each.get("name") == "rq_total"), 0)


@dataclass(slots=True)
class EnvoyTally:
    """The readings of one Envoy process, added up."""

    counts: dict[tuple[str, Address], int] = field(default_factory=dict)
    unattributed: int = 0
    """Requests to endpoints that were removed, several at a time, so that nobody knows which of them got how many."""
    resets: int = 0
    workers: int = 0
    _last: Reading = field(default_factory=lambda: Reading({}, {}, 0))
    _unexplained: dict[str, int] = field(default_factory=dict)

    def start(self, first: Reading) -> None:
        """From here on it counts. Without a start all that the Envoy ever sent counts: it began after us."""
        self._last, self.workers = first, first.workers

    def add(self, now: Reading) -> None:
        """A later reading."""
        self.workers = now.workers or self.workers
        for backend in now.totals:
            self._add(backend, now)
        self._last = now

    def finish(self) -> None:
        """What readings that were no one instant left open has come right by now, or cannot be attributed."""
        self.unattributed += sum(max(0, each) for each in self._unexplained.values())
        self._unexplained.clear()

    def _add(self, backend: str, now: Reading) -> None:
        before = {key: count for key, count in self._last.endpoints.items() if key[0] == backend}
        later = {key: count for key, count in now.endpoints.items() if key[0] == backend}
        fallen = [key for key, count in later.items() if count < before.get(key, 0)]
        seen = 0
        for key, count in later.items():
            grown = count if key in fallen else count - before.get(key, 0)
            self._count(key, grown)
            seen += grown
        self.resets += len(fallen)
        grown = _grown(self._last.totals.get(backend, 0), now.totals[backend])
        unexplained = self._unexplained.get(backend, 0) + grown - seen
        gone = [*(before.keys() - later.keys()), *fallen]
        if unexplained > 0 and len(gone) == 1:
            self._count(gone[0], unexplained)
            unexplained = 0
        elif unexplained > 0 and gone:
            self.unattributed += unexplained
            unexplained = 0
        self._unexplained[backend] = unexplained

    def _count(self, key: tuple[str, Address], requests: int) -> None:
        self.counts[key] = self.counts.get(key, 0) + requests


def _grown(before: int, now: int) -> int:
    return now - before if now >= before else now
