"""A session and an Envoy with messages on their way, and what must hold of both at any moment."""

import dataclasses
from collections import Counter, deque

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from fake_envoy import FakeEnvoy, converse
from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Snapshot
from xds_strategies import TYPES


@dataclasses.dataclass
class Wire:
    """A session and an Envoy with responses on their way."""

    session: Session
    envoy: FakeEnvoy
    remembers: bool = False
    """Whether what is published knows in what it differs from what was before."""
    published: Snapshot | None = None
    responses: deque[DeltaDiscoveryResponse] = dataclasses.field(default_factory=deque)

    def step(self, kind: str) -> None:
        if kind == "request" and self.envoy.requests:
            self.session.receive(self.envoy.requests.popleft())
            self.responses.extend(self.session.responses())
        elif kind == "response" and self.responses:
            self.envoy.receive(self.responses.popleft())
        elif kind == "reconnect":
            self.responses.clear()
            self.session = Session()
            self.envoy.connect()
        assert_judged(self.session)

    def publish(self, snapshot: Snapshot) -> None:
        if self.remembers and self.published is not None:
            snapshot = following(self.published, snapshot)
        self.published = snapshot
        self.envoy.show(snapshot)
        self.session.update(snapshot)
        assert_judged(self.session)
        self.responses.extend(self.session.responses())

    def settle(self) -> None:
        while self.responses:
            self.envoy.receive(self.responses.popleft())
        converse(self.session, self.envoy)


def following(before: Snapshot, now: Snapshot) -> Snapshot:
    """The same as `now`, which knows in what it differs from `before`: told by that, it is what it is by itself."""
    resources = {
        type_url: before.of(type_url).after(now.of(type_url), before.of(type_url).keys() - now.of(type_url).keys())
        for type_url in TYPES
    }
    found = Snapshot(resources, before)
    for type_url in TYPES:
        assert found.of(type_url) == now.of(type_url)
        assert found.parents_of(type_url) == now.parents_of(type_url)
        missing = now.parents_of(type_url).keys() - now.of(type_url).keys()
        assert found.missing.get(type_url, frozenset()) == now.missing.get(type_url, frozenset()) == missing
    return found


def assert_judged(session: Session) -> None:
    """What a session knows of each type by what has changed is what it would find by comparing everything."""
    for type_url, each in session.subscriptions.items() if session.snapshot is not None else ():
        desired = session.snapshot.of(type_url) if session.snapshot is not None else {}
        versions = {name: held.version for name, held in each.held.items()}
        behind = {name for name, wanted in desired.items() if versions.get(name) != wanted.version}
        assert each.behind() == behind | ((each.again | each.leaving) & desired.keys())
        assert each.surplus() == (each.held.keys() | each.in_doubt.keys()) - desired.keys()
        waited_for = each.names - desired.keys() - each.absent
        assert each.unanswered() == {name for name in waited_for if name not in each.held or name in each.again}
        named = [held.needs or () for held in each.held.values()]
        named += [needs for versions in each.in_doubt.values() for needs in versions.values()]
        assert each.needed == Counter(need for needs in named for need in needs)
        assert each.is_known == all(held.needs is not None for held in each.held.values())


def assert_nothing_is_broken(envoy: FakeEnvoy) -> None:
    """Whatever Envoy's listeners and routes name is there; a route without a cluster fails requests."""
    for type_url in (LISTENER, ROUTE_TABLE):
        for resource in envoy.has[type_url].values():
            for need_type, name in resource.needs:
                if need_type == CLUSTER:
                    assert name in envoy.has[CLUSTER], (resource, name)
                    assert name in envoy.has[ENDPOINTS].keys() | envoy.emptied, (resource, name)
