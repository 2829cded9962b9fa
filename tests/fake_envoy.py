"""Envoy's side of delta ADS, as Envoy 1.40 behaves: what it asks for, applies, refuses and remembers."""

from collections import deque
from collections.abc import Iterable, Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from gatelab.proxy.resources import CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE, SECRET, EncodedResource
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Snapshot

WILDCARD = (CLUSTER, LISTENER)
ASK_ORDER = (CLUSTER, ENDPOINTS, LISTENER, ROUTE_TABLE, SECRET)


class FakeEnvoy:
    """`has` is what it runs. Resources in `refuses`, by type and version, are rejected.

    `asks_late` are types whose questions wait for `ask_at_last`; `emptied` are clusters that it was told have no
    endpoints resource.
    It knows the content of resources by version, from the snapshots that it was shown: bytes are not looked into.
    """

    def __init__(self, proxy: str = "p", node: str = "n") -> None:
        self.proxy, self.node = proxy, node
        self.has: dict[str, dict[str, EncodedResource]] = {type_url: {} for type_url in ASK_ORDER}
        self.watched: dict[str, set[str]] = {type_url: set() for type_url in ASK_ORDER}
        self.refuses: set[tuple[str, str]] = set()
        self.requests: deque[DeltaDiscoveryRequest] = deque()
        self.emptied: set[str] = set()
        self.received: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        self._content: dict[tuple[str, str, str], EncodedResource] = {}
        self._warming: set[str] = set()
        self._withheld: list[DeltaDiscoveryRequest] = []
        self.asks_late: set[str] = set()
        self._unasked: list[DeltaDiscoveryRequest] = []

    def show(self, snapshot: Snapshot) -> None:
        """Learn what versions contain."""
        for type_url, named in snapshot.resources.items():
            for resource in named.values():
                self._content[type_url, resource.name, resource.version] = resource

    def connect(self) -> None:
        """Open a stream: everything that is known and watched is told, a type after the other."""
        self.requests.clear()
        self._withheld.clear()
        for type_url in ASK_ORDER:
            if type_url not in WILDCARD and not self.watched[type_url]:
                continue
            versions = {name: resource.version for name, resource in self.has[type_url].items()}
            self._ask(type_url, subscribe=sorted(self.watched[type_url]), versions=versions)

    def receive(self, response: DeltaDiscoveryResponse) -> None:
        """Apply a response and answer it."""
        type_url = response.type_url
        resources = [self._content[type_url, item.name, item.version] for item in response.resources]
        self.received.append((type_url, tuple(item.name for item in resources), tuple(response.removed_resources)))
        refused = sorted(item.name for item in resources if (type_url, item.version) in self.refuses)
        for name in response.removed_resources:
            self.has[type_url].pop(name, None)
            if type_url == ENDPOINTS:
                self.emptied.add(name)
        if not refused or type_url in WILDCARD:
            heeded = [item for item in resources if type_url in WILDCARD or item.name in self.watched[type_url]]
            self._apply(type_url, [item for item in heeded if item.name not in refused])
        answer = DeltaDiscoveryRequest(type_url=type_url, response_nonce=response.nonce)
        if refused:
            answer.error_detail.message = f"refused: {', '.join(refused)}"
        self._watch_what_is_named()
        if type_url == ENDPOINTS:
            self._warming -= {item.name for item in resources} | set(response.removed_resources)
        self._send(answer)
        if not self._warming:
            self.requests.extend(self._withheld)
            self._withheld.clear()

    def _send(self, request: DeltaDiscoveryRequest) -> None:
        # Envoy says nothing more about clusters while one of them warms.
        (self._withheld if request.type_url == CLUSTER and self._warming else self.requests).append(request)

    def _apply(self, type_url: str, resources: Iterable[EncodedResource]) -> None:
        for resource in resources:
            before = self.has[type_url].get(resource.name)
            self.has[type_url][resource.name] = resource
            if type_url == CLUSTER and (before is None or before.version != resource.version):
                self._warming.add(resource.name)
            if type_url == ENDPOINTS:
                self.emptied.discard(resource.name)

    def _watch_what_is_named(self) -> None:
        for parents, child in (((CLUSTER,), ENDPOINTS), ((LISTENER,), ROUTE_TABLE), ((CLUSTER, LISTENER), SECRET)):
            items = [item for parent in parents for item in self.has[parent].values()]
            named = {name for item in items for type_url, name in item.needs if type_url == child}
            gone, new = self.watched[child] - named, named - self.watched[child]
            self.watched[child] = named
            for name in gone:
                self.has[child].pop(name, None)
            self._warming &= set(self.has[CLUSTER])
            if gone or new:
                self._ask(child, subscribe=sorted(new), unsubscribe=sorted(gone))

    def _ask(
        self,
        type_url: str,
        subscribe: Iterable[str] = (),
        unsubscribe: Iterable[str] = (),
        versions: Mapping[str, str] | None = None,
    ) -> None:
        request = DeltaDiscoveryRequest(
            type_url=type_url,
            resource_names_subscribe=subscribe,
            resource_names_unsubscribe=unsubscribe,
            initial_resource_versions=versions,
        )
        request.node.cluster, request.node.id = self.proxy, self.node
        if type_url in self.asks_late:
            self._unasked.append(request)
        else:
            self._send(request)

    def ask_at_last(self) -> None:
        """Ask for what was held back: the types that `asks_late` names."""
        self.requests.extend(self._unasked)
        self._unasked.clear()


def converse(session: Session, envoy: FakeEnvoy, rounds: int = 1000) -> None:
    """Let both speak until neither has anything to say."""
    for _ in range(rounds):
        while envoy.requests:
            session.receive(envoy.requests.popleft())
        responses = session.responses()
        if not responses:
            return
        for response in responses:
            envoy.receive(response)
    raise AssertionError(f"no end: {envoy.received[-6:]}")
