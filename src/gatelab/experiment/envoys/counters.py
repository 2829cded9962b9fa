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

from gatelab.experiment.envoys.outcomes import WANTED, Address, Outcomes, OutcomeTally, grown, of_host, outcomes

_TOTAL = re.compile(r'^envoy_cluster_upstream_rq_total\{[^}]*envoy_cluster_name="([^"]*)"[^}]*\} (\d+)$', re.MULTILINE)
_WORKERS = re.compile(r"^envoy_server_concurrency(?:\{\})? (\d+)$", re.MULTILINE)
STATS = {"filter": rf"^(server\.concurrency|cluster\..*\.upstream_rq_total|{WANTED})$"}
"""The query of `/stats/prometheus` for what `reading` wants of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One Envoy at one moment, as far as the wanted backends go: requests to each endpoint, and to each backend."""

    endpoints: Mapping[tuple[str, Address], int]
    totals: Mapping[str, int]
    workers: int
    """0 if unsaid."""
    outcomes: Outcomes = field(default_factory=Outcomes)


def reading(clusters: bytes, stats: bytes, backends: Iterable[str]) -> Reading:
    """From the bodies of `/clusters?format=json` and `/stats/prometheus`. Raises ValueError unless they are Envoy's.

    A backend's cluster bears its name, or that and a suffix behind a slash when it is reached in more than one way.
    """
    wanted = {each: each for each in backends}
    endpoints: dict[tuple[str, Address], int] = {}
    ended: dict[tuple[str, Address], tuple[int, int]] = {}
    totals = dict.fromkeys(wanted, 0)
    for cluster in _clusters(clusters):
        backend = _backend(str(cluster.get("name")), wanted)
        for host in (cluster.get("host_statuses") or ()) if backend else ():
            socket = (host.get("address") or {}).get("socket_address") or {}
            key = (backend or "", (str(socket.get("address")), int(socket.get("port_value") or 0)))
            endpoints[key] = endpoints.get(key, 0) + _requests(host)
            (ok, failed), (more_ok, more_failed) = ended.get(key, (0, 0)), of_host(host)
            ended[key] = (ok + more_ok, failed + more_failed)
    text = stats.decode(errors="replace")
    # In the names of statistics Envoy has _ in place of :
    in_stats = {each.replace(":", "_"): each for each in wanted}
    for name, count in _TOTAL.findall(text):
        if (backend := _backend(name, in_stats)) is not None:
            totals[backend] += int(count)
    workers = _WORKERS.search(text)
    how = outcomes(ended, text, lambda name: _backend(name, in_stats))
    return Reading(endpoints, totals, int(workers[1]) if workers else 0, how)


def _clusters(body: bytes) -> list[dict[str, Any]]:
    parsed = json.loads(body)
    found = parsed.get("cluster_statuses") if isinstance(parsed, dict) else None
    if not isinstance(found, list):
        raise ValueError("no cluster_statuses")
    return found


def _backend(cluster: str, backends: Mapping[str, str]) -> str | None:
    """`namespace/name:port`, and maybe a suffix behind a second slash: one look-up, for there may be thousands."""
    return backends.get("/".join(cluster.split("/", 2)[:2]))


def _requests(host: Mapping[str, Any]) -> int:
    """Zero is left out of the JSON, and 64 bits are written as text."""
    return next((int(each.get("value", 0)) for each in host.get("stats") or () if each.get("name") == "rq_total"), 0)


@dataclass(slots=True)
class EnvoyTally:
    """The readings of one Envoy process, added up."""

    counts: dict[tuple[str, Address], int] = field(default_factory=dict)
    unattributed: dict[str, int] = field(default_factory=dict)
    """By backend, requests to endpoints that were removed several at a time: nobody knows which got how many."""
    resets: int = 0
    workers: int = 0
    outcomes: OutcomeTally = field(default_factory=OutcomeTally)
    _last: Reading = field(default_factory=lambda: Reading({}, {}, 0))
    _unexplained: dict[str, int] = field(default_factory=dict)
    """What a backend has got more than its endpoints, so far. Readings under load are of no one instant: it may be
    negative, and comes right with the next."""
    _gone: dict[tuple[str, Address], None] = field(default_factory=dict)
    """Endpoints that were removed, or began anew."""
    _inferred: dict[tuple[str, Address], int] = field(default_factory=dict)
    """The part of `counts` that no counter of the endpoint has shown."""

    def start(self, first: Reading) -> None:
        """From here on it counts. Without a start all that the Envoy ever sent counts: it began after us."""
        self._last, self.workers = first, first.workers
        self.outcomes.start(first.outcomes)

    def add(self, now: Reading) -> None:
        """A later reading."""
        self.workers = now.workers or self.workers
        self.outcomes.add(now.outcomes)
        for backend in now.totals:
            self._add(backend, now)
        self._last = now

    def finish(self) -> None:
        """After the last reading, which must be one without load: all counts are made to add up to the totals."""
        for backend, surplus in self._unexplained.items():
            gone = [key for key in self._gone if key[0] == backend]
            if surplus > 0 and len(gone) == 1:
                self._infer(gone[0], surplus)
            elif surplus > 0:
                self._leave_open(backend, surplus)
            elif surplus < 0:
                self._take_back(backend, gone, -surplus)
        self._unexplained.clear()

    def _add(self, backend: str, now: Reading) -> None:
        before = {key: count for key, count in self._last.endpoints.items() if key[0] == backend}
        later = {key: count for key, count in now.endpoints.items() if key[0] == backend}
        fallen = {key for key, count in later.items() if count < before.get(key, 0)}
        more = {key: count - (0 if key in fallen else before.get(key, 0)) for key, count in later.items()}
        for key, requests in more.items():
            self._count(key, requests)
        self.resets += len(fallen)
        total = grown(self._last.totals.get(backend, 0), now.totals[backend])
        surplus = self._unexplained.get(backend, 0) + total - sum(more.values())
        gone = [*(before.keys() - later.keys()), *fallen]
        self._gone.update(dict.fromkeys(gone))
        if surplus > 0 and gone:
            if len(gone) == 1:
                self._infer(gone[0], surplus)
            else:
                self._leave_open(backend, surplus)
            surplus = 0
        self._unexplained[backend] = surplus

    def _count(self, key: tuple[str, Address], requests: int) -> None:
        self.counts[key] = self.counts.get(key, 0) + requests

    def _infer(self, key: tuple[str, Address], requests: int) -> None:
        self._count(key, requests)
        self._inferred[key] = self._inferred.get(key, 0) + requests

    def _leave_open(self, backend: str, requests: int) -> None:
        self.unattributed[backend] = self.unattributed.get(backend, 0) + requests

    def _take_back(self, backend: str, gone: Iterable[tuple[str, Address]], requests: int) -> None:
        """What was inferred from a reading under load was too much by that."""
        openly = min(requests, self.unattributed.get(backend, 0))
        if openly:
            self._leave_open(backend, -openly)
        left = requests - openly
        for key in gone:
            back = min(left, self._inferred.get(key, 0))
            self._infer(key, -back)
            left -= back
