"""Which pod has which address behind a route's backends, by EndpointSlices, while pods come and go."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from gatelab.cluster.port import Cluster
from gatelab.experiment.envoys.outcomes import Address
from gatelab.experiment.routes.route import Routed, RoutedBackend
from gatelab.kinds.builtin import ENDPOINT_SLICE
from gatelab.kinds.discovery import SERVICE_NAME, EndpointSlice
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view

LOOK_UP_TIMEOUT_S = 3.0
MOST_NAMED = 20
"""Services that a question names; a URL has its limits."""


class EndpointNames:
    """What `look_up` has found so far. Those that go stay known."""

    def __init__(self, routed: Routed, cluster: Cluster) -> None:
        self._routed = routed
        self._cluster = cluster
        self._pods: dict[Address, str] = {}
        self.ready_first: Mapping[str, frozenset[str]] = {}
        """The pods of each backend that were ready at the first look."""
        self.ready_last: Mapping[str, frozenset[str]] = {}
        self.seen: list[tuple[float, str]] = []
        """When (by the monotonic clock) a look found that a pod had come or gone, and which."""

    def pod(self, address: Address) -> str:
        """The pod's name; the address of one that nobody has seen."""
        return self._pods.get(address, f"{address[0]}:{address[1]}")

    def expected_shares(self, backends: Sequence[RoutedBackend] | None = None) -> Mapping[str, float]:
        """By pod: a backend's share is evenly its pods'. Empty when a backend without pods is to get requests."""
        shares: dict[str, float] = {}
        for backend in self._routed.backends if backends is None else backends:
            pods = self.ready_first.get(backend.name, frozenset())
            if backend.share and not pods:
                return {}
            for pod in pods:
                shares[pod] = shares.get(pod, 0.0) + backend.share / len(pods)
        return shares

    def by_backend(self, pods: Mapping[str, int]) -> Mapping[str, int] | None:
        """Counts of pods as counts of backends; None when a pod is of several, so that they cannot be told apart."""
        found = {each.name: 0 for each in self._routed.backends}
        for pod, count in pods.items():
            of = [
                name
                for name in found
                if pod in self.ready_first.get(name, frozenset()) | self.ready_last.get(name, frozenset())
            ]
            if len(of) != 1:
                return None
            found[of[0]] += count
        return found

    def changes(self) -> tuple[str, ...]:
        """What must be said of an expectation that rests on the pods of the first look."""
        first = frozenset().union(*self.ready_first.values())
        last = frozenset().union(*self.ready_last.values())
        sets = {"left": first - last, "came": last - first}
        return tuple(
            f"{len(pods)} pods {what} during the load: {', '.join(sorted(pods))}" for what, pods in sets.items() if pods
        )

    async def look_up(self) -> None:
        """Asks the cluster. Raises ApiError, TimeoutError."""
        slices = await self._slices()
        ready = {each.name: self._learn(slices.get(each.service, ())) for each in self._routed.backends}
        if self.ready_last:
            self._compare(frozenset().union(*self.ready_last.values()), frozenset().union(*ready.values()))
        self.ready_first = self.ready_first or ready
        self.ready_last = ready

    def _compare(self, before: frozenset[str], after: frozenset[str]) -> None:
        now = time.monotonic()
        self.seen += [(now, f"pod {pod} has gone") for pod in sorted(before - after)]
        self.seen += [(now, f"pod {pod} has come") for pod in sorted(after - before)]

    async def _slices(self) -> Mapping[Key, Sequence[EndpointSlice]]:
        """By Service. One question for each namespace: there may be as many backends as routes."""
        services: dict[str, dict[str, None]] = {}
        for backend in self._routed.backends:
            services.setdefault(backend.service.namespace, {})[backend.service.name] = None
        found: dict[Key, list[EndpointSlice]] = {}
        for namespace, names in services.items():
            labels = f"{SERVICE_NAME} in ({','.join(names)})" if len(names) <= MOST_NAMED else SERVICE_NAME
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                listed = await self._cluster.list(ENDPOINT_SLICE, namespace=namespace, labels=labels)
            for obj in listed:
                service = Key(namespace, obj["metadata"]["labels"][SERVICE_NAME])
                found.setdefault(service, []).append(view(EndpointSlice, obj))
        return found

    def _learn(self, slices: Sequence[EndpointSlice]) -> frozenset[str]:
        """The names of the ready endpoints."""
        ready = set()
        for each in slices:
            for endpoint in each.endpoints:
                name = endpoint.target_ref.name if endpoint.target_ref else endpoint.addresses[0]
                ready |= {name} if endpoint.is_ready else set()
                self._pods.update({(endpoint.addresses[0], port.port or 0): name for port in each.ports})
        return frozenset(ready)
