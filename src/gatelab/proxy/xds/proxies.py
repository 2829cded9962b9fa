"""All proxies: what is published to each, the sessions of its Envoys, and what they accepted."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from gatelab.persistent import PersistentMap
from gatelab.proxy.model import Acceptance, Endpoint, Endpoints, ProxyConfig
from gatelab.proxy.resources import CLUSTER, ENDPOINTS, MANY, Encoder, Resources, encode_endpoints
from gatelab.proxy.xds.progress import acceptance_of
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Named, Snapshot

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Assigned:
    """The endpoints of every backend as they are sent, and what they were made of."""

    clusters: Named = field(default_factory=PersistentMap)
    endpoints: PersistentMap[str, tuple[Endpoint, ...]] = field(default_factory=PersistentMap)
    encoded: Named = field(default_factory=PersistentMap)

    def after(self, clusters: Named, endpoints: PersistentMap[str, tuple[Endpoint, ...]]) -> "_Assigned":
        """The same for these: what did not change stays as it was."""
        names = clusters.changes_since(self.clusters) | endpoints.changes_since(self.endpoints)
        put = {
            name: encode_endpoints(name, endpoints.get(name, ()))
            for name in names
            if name in clusters
            and (name not in self.encoded or endpoints.get(name, ()) != self.endpoints.get(name, ()))
        }
        gone = (name for name in names if name not in clusters)
        return _Assigned(clusters, endpoints, self.encoded.after(put, gone))


@dataclass(slots=True)
class _Proxy:
    encoder: Encoder
    config: ProxyConfig | None = None
    endpoints: PersistentMap[str, tuple[Endpoint, ...]] | None = None
    assigned: _Assigned = field(default_factory=_Assigned)
    snapshot: Snapshot | None = None
    sessions: dict[Session, Callable[[], None]] = field(default_factory=dict)
    acceptance: Acceptance = field(default_factory=Acceptance)

    @property
    def is_complete(self) -> bool:
        """Whether enough is known to tell an Envoy anything: endpoints that are not known are not the same as none."""
        return self.config is not None and (self.endpoints is not None or not self.config.backends)


class Proxies:
    """The state behind the server. No IO, no clock: a session that has something to send is woken by its callback.

    From `many_hosts` on the hosts of a table are resources of their own.
    """

    def __init__(self, many_hosts: int = MANY) -> None:
        self._many_hosts = many_hosts
        self._proxies: dict[str, _Proxy] = {}
        self._subscribers: list[Callable[[str], None]] = []

    def publish(self, name: str, config: ProxyConfig) -> None:
        """What the proxy shall do. An equal configuration disturbs nobody."""
        proxy = self._known(name)
        if proxy.config == config:
            return
        resources = proxy.encoder.encode(config)
        proxy.config = config
        proxy.snapshot = Snapshot({**resources, **_endpoints_of(proxy.snapshot)}, proxy.snapshot)
        self._refresh(name, proxy)

    def publish_endpoints(self, name: str, endpoints: Endpoints) -> None:
        """Where the proxy's backends are: all of them. May come before or after the configuration."""
        proxy = self._known(name)
        if proxy.endpoints == endpoints:
            return
        proxy.endpoints = PersistentMap.of(endpoints)
        self._refresh(name, proxy)

    def remove(self, name: str) -> None:
        """Forget the proxy. Its Envoys, if any still run, keep what they have."""
        proxy = self._proxies.pop(name, None)
        if proxy is not None and proxy.sessions:
            self._proxies[name] = _Proxy(proxy.encoder, sessions=proxy.sessions, acceptance=Acceptance(connected=True))
            for session in proxy.sessions:
                session.snapshot = None

    @property
    def connected(self) -> int:
        """How many Envoys have an open stream."""
        return sum(len(proxy.sessions) for proxy in self._proxies.values())

    def acceptance(self, name: str) -> Acceptance:
        """How far the proxy has come; one that nobody knows has nothing and is not connected."""
        proxy = self._proxies.get(name)
        return Acceptance() if proxy is None else proxy.acceptance

    def subscribe(self, callback: Callable[[str], None]) -> None:
        """Be called with a proxy's name whenever its acceptance changed. The callback must not block or raise."""
        self._subscribers.append(callback)

    def receive(self, session: Session, request: DeltaDiscoveryRequest, wake: Callable[[], None]) -> None:
        """A request came in on a session's stream; the first one tells which proxy it is."""
        session.receive(request)
        if session.proxy is None:
            return
        proxy = self._known(session.proxy)
        if session not in proxy.sessions:
            proxy.sessions[session] = wake
            _log.info("Envoy %s connected for %s", session.node, session.proxy)
            if proxy.snapshot is not None and proxy.is_complete:
                session.update(proxy.snapshot)
        wake()
        self._assess(session.proxy, proxy)

    def detach(self, session: Session) -> None:
        """The session's stream has ended."""
        name = session.proxy or ""
        proxy = self._proxies.get(name)
        if proxy is None or proxy.sessions.pop(session, None) is None:
            return
        _log.info("Envoy %s disconnected from %s", session.node, name)
        self._assess(name, proxy)
        if not proxy.sessions and proxy.config is None and proxy.endpoints is None:
            del self._proxies[name]

    def _known(self, name: str) -> _Proxy:
        if name not in self._proxies:
            self._proxies[name] = _Proxy(Encoder(self._many_hosts))
        return self._proxies[name]

    def _refresh(self, name: str, proxy: _Proxy) -> None:
        if proxy.config is None or proxy.snapshot is None:
            return
        if proxy.endpoints is not None:
            proxy.assigned = proxy.assigned.after(proxy.snapshot.of(CLUSTER), proxy.endpoints)
            if proxy.assigned.encoded is not proxy.snapshot.of(ENDPOINTS):
                proxy.snapshot = proxy.snapshot.with_endpoints(proxy.assigned.encoded)
        for session, wake in proxy.sessions.items() if proxy.is_complete else ():
            session.update(proxy.snapshot)
            wake()
        self._assess(name, proxy)

    def _assess(self, name: str, proxy: _Proxy) -> None:
        acceptance = acceptance_of(proxy.snapshot, proxy.sessions)
        if acceptance == proxy.acceptance:
            return
        proxy.acceptance = acceptance
        for callback in self._subscribers:
            callback(name)


def _endpoints_of(snapshot: Snapshot | None) -> Resources:
    return {} if snapshot is None or ENDPOINTS not in snapshot.resources else {ENDPOINTS: snapshot.of(ENDPOINTS)}
