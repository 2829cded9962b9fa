"""Counts requests, as the API server of Kubernetes does: `k8s.io/apiserver/pkg/endpoints/metrics`.

A long-running request (a watch, a log that is followed) is counted when its answer begins, and shown as long as it
lasts; its duration is the client's affair and is not observed.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatelab.apiserver.target import Target
from gatelab.telemetry import Family, Histogram, Reading

_RESOURCE = ("verb", "group", "version", "resource", "subresource", "scope")
REQUESTS = Family("apiserver_request_total", "counter", "Requests answered.", (*_RESOURCE, "code"))
DURATION = Family(
    "apiserver_request_duration_seconds",
    "histogram",
    "Seconds from a request's head to the end of its answer, without long-running requests.",
    _RESOURCE,
)
LONG_RUNNING = Family(
    "apiserver_longrunning_requests", "gauge", "Watches and followed logs that are under way.", _RESOURCE
)
IN_FLIGHT = Family(
    "apiserver_current_inflight_requests", "gauge", "Requests under way, without long-running ones.", ("request_kind",)
)
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_STREAMED = frozenset({"proxy", "exec", "attach", "portforward"})
_KEY = "gatelab.asked"
_NO_ANSWER = 499
"""What nginx and others call it when the client leaves before its answer begins."""


class Asked:
    """What a request turned out to be about. Filled in where its path is read."""

    __slots__ = ("applies", "is_long", "target")

    def __init__(self) -> None:
        self.target: Target | None = None
        self.applies = False
        self.is_long = False


def asked(scope: Scope) -> Asked:
    """The request's own; one that nobody counts has one too."""
    found = scope.get(_KEY)
    return found if isinstance(found, Asked) else Asked()


class RequestMeter:
    """The counts. Labels are served kinds, known verbs and codes: no path and no name of anybody's choice."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, ...]] = Counter()
        self._durations: defaultdict[tuple[str, ...], Histogram] = defaultdict(lambda: Histogram(_BOUNDS))
        self._long: Counter[tuple[str, ...]] = Counter()
        self._in_flight: Counter[tuple[str, ...]] = Counter({("readOnly",): 0, ("mutating",): 0})

    def over(self, app: ASGIApp) -> ASGIApp:
        """The application, counted."""

        async def metered(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._count(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return metered

    def readings(self) -> Iterable[Reading]:
        yield Reading(REQUESTS, self._requests)
        yield Reading(DURATION, self._durations)
        yield Reading(LONG_RUNNING, self._long)
        yield Reading(IN_FLIGHT, self._in_flight)

    async def _count(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        begun, found, method = time.perf_counter(), Asked(), scope["method"]
        scope[_KEY] = found
        kind = ("readOnly",) if method in _READS else ("mutating",)
        labels: tuple[str, ...] | None = None

        async def sent(message: Message) -> None:
            nonlocal labels
            if message["type"] == "http.response.start":
                labels = _labels(method, found)
                self._requests[*labels, str(message["status"])] += 1
                if found.is_long:
                    self._long[labels] += 1
                    self._in_flight[kind] -= 1
            await send(message)

        self._in_flight[kind] += 1
        try:
            await app(scope, receive, sent)
        finally:
            if labels is None:
                labels = _labels(method, found)
                self._requests[*labels, str(_NO_ANSWER)] += 1
                self._in_flight[kind] -= 1
            elif found.is_long:
                self._long[labels] -= 1
            else:
                self._in_flight[kind] -= 1
                self._durations[labels].observe(time.perf_counter() - begun)


def _labels(method: str, found: Asked) -> tuple[str, ...]:
    """Verb, group, version, resource, subresource and scope, in the words of upstream."""
    target = found.target
    if target is None:
        return (method if method in _METHODS else "other", "", "", "", "", "")
    scope = "resource" if target.name else ("namespace" if target.namespace else "cluster")
    kind = target.kind
    return (_verb(method, found, target), kind.group, target.version, kind.plural, target.subresource, scope)


def _verb(method: str, found: Asked, target: Target) -> str:
    if target.subresource in _STREAMED:
        return "CONNECT"
    if method == "PATCH":
        return "APPLY" if found.applies else "PATCH"
    if method == "DELETE":
        return "DELETE" if target.name else "DELETECOLLECTION"
    if method != "GET":
        return method if method in _METHODS else "other"
    if found.is_long and not target.subresource:
        return "WATCH"
    return "GET" if target.name else "LIST"
