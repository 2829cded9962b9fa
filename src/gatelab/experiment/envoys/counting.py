"""Counts requests at the Gateway's Envoys while the load runs: read before, between the turns, and after.

Works with the Envoys of gatelab's own controller, whose pods have a port `ready` that serves `/clusters` and
`/stats/prometheus` and nothing that changes anything. Other controllers' Envoys keep theirs to themselves.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.envoys.counters import STATS, EnvoyTally, Reading, reading
from gatelab.experiment.envoys.endpoint_names import EndpointNames
from gatelab.experiment.routes.route import Routed, Unknown
from gatelab.kinds.builtin import POD
from gatelab.kinds.errors import ApiError
from gatelab.kinds.names import shortened
from gatelab.kinds.objects import Key, Object, key_of

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""The label of a Gateway's pods (GEP-1762)."""
READY_PORT = "ready"
READ_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class EnvoyCounts:
    """What was sent while it counted, whoever asked for it. `backends` are by `RoutedBackend.name`.

    `unattributed` is in the counts of backends, and of no pod.
    """

    pods: Mapping[str, int]
    backends: Mapping[str, int]
    unattributed: int
    envoys: int
    workers: int
    """Of all Envoys together; 0 if unknown."""
    readings: int
    notes: tuple[str, ...]
    endpoints: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By backend and pod."""
    open: Mapping[str, int] = field(default_factory=dict)
    """`unattributed` by backend."""
    ok: Mapping[str, int] = field(default_factory=dict)
    """By backend, requests that were answered; what else `failed` or was given up: `envoy_outcomes` says which."""
    failed: Mapping[str, int] = field(default_factory=dict)
    unready: Mapping[str, int] = field(default_factory=dict)
    """By backend, requests that found no pod ready, and so went to none."""
    unrouted: int = 0
    """Requests that no rule takes, or one without a backend."""
    received: int = 0
    """Requests that clients sent to the Gateway, wherever they went."""
    refused: int = 0
    """TLS handshakes that failed."""

    @property
    def total(self) -> int:
        return sum(self.backends.values())


@dataclass(frozen=True, slots=True)
class _Envoy:
    """One Envoy process: a container that is started again is another one, with counters from 0."""

    pod: Key
    uid: str
    restarts: int
    port: int


class EnvoyCounting:
    """`begin`, `sample` any number of times, `finish`."""

    def __init__(self, routed: Routed, names: EndpointNames, cluster: Cluster, pods: PodProxy) -> None:
        self._routed = routed
        self._cluster = cluster
        self._pods = pods
        self._tallies: dict[_Envoy, EnvoyTally] = {}
        self._names = names
        self._unread: dict[str, None] = {}
        self._present: frozenset[_Envoy] = frozenset()
        self._readings = 0

    async def begin(self) -> Unknown | None:
        """Reads where the counters are. Unknown when those of any Envoy cannot be read."""
        gateway = self._routed.gateway
        try:
            await self._names.look_up()
            for envoy in await self._envoys():
                tally = self._tallies[envoy] = EnvoyTally()
                tally.start(await self._read(envoy))
        except (ApiError, TimeoutError, ValueError) as error:
            said = error.message if isinstance(error, ApiError) else str(error) or "no answer in time"
            return Unknown(f"the counters of Gateway {gateway}'s Envoys cannot be read: {said}")
        if not self._tallies:
            return Unknown(
                f"no pod of Gateway {gateway} has a port `{READY_PORT}`: only Envoys of gatelab's own controller show "
                "their counters"
            )
        self._present, self._readings = frozenset(self._tallies), 1
        return None

    async def sample(self) -> None:
        """Reads all that are there now. What cannot be read is noted; the next reading has its counts too."""
        try:
            await self._names.look_up()
            self._present = frozenset(await self._envoys())
        except (ApiError, TimeoutError) as error:
            self._unread[f"the cluster's API did not say which Envoys there are: {error}"] = None
        for envoy in self._present:
            try:
                read = await self._read(envoy)
            except (ApiError, TimeoutError, ValueError) as error:
                self._unread[f"Envoy {envoy.pod.name} could not be read at times: {error or 'no answer'}"] = None
                continue
            self._tallies.setdefault(envoy, EnvoyTally()).add(read)
        self._readings += 1

    async def finish(self) -> EnvoyCounts:
        """The last reading, and all counts."""
        await self.sample()
        endpoints: dict[tuple[str, str], int] = {}
        for tally in self._tallies.values():
            tally.finish()
            for (backend, address), count in tally.counts.items():
                key = (backend, self._names.pod(address))
                endpoints[key] = endpoints.get(key, 0) + count
        tallies = self._tallies.values()
        unattributed = summed(each.unattributed for each in tallies)
        pods = summed({pod: count} for (_, pod), count in endpoints.items())
        none = {each.name: 0 for each in self._routed.backends}
        return EnvoyCounts(
            pods=pods,
            backends=summed([none, *({backend: count} for (backend, _), count in endpoints.items()), unattributed]),
            unattributed=sum(unattributed.values()),
            envoys=len(self._tallies),
            workers=sum(self._tallies[each].workers for each in self._present if each in self._tallies),
            readings=self._readings,
            notes=(*self._notes(), *self._unread),
            endpoints=endpoints,
            open=unattributed,
            ok=summed(each.outcomes.ok for each in tallies),
            failed=summed(each.outcomes.failed for each in tallies),
            unready=summed(each.outcomes.unready for each in tallies),
            unrouted=sum(each.outcomes.unrouted for each in tallies),
            received=sum(each.outcomes.received for each in tallies),
            refused=sum(each.outcomes.refused for each in tallies),
        )

    def _notes(self) -> Sequence[str]:
        notes = []
        if ended := [each for each in self._tallies if each not in self._present]:
            notes.append(
                f"{len(ended)} of the Gateway's Envoys ended during the load; what they sent after the last reading "
                "is not counted"
            )
        resets = sum(each.resets for each in self._tallies.values())
        if resets:
            notes.append(f"counters of endpoints began anew {resets} times")
        if unattributed := self._unattributed():
            notes.append(
                f"{unattributed} requests are in no pod's count: several endpoints were removed at a "
                "time, or an Envoy ended"
            )
        return [*notes, *self._names.changes()]

    def _unattributed(self) -> int:
        return sum(sum(each.unattributed.values()) for each in self._tallies.values())

    async def _envoys(self) -> tuple[_Envoy, ...]:
        gateway = self._routed.gateway
        labels = f"{GATEWAY_NAME}={shortened(gateway.name)}"
        async with asyncio.timeout(READ_TIMEOUT_S):
            pods = await self._cluster.list(POD, namespace=gateway.namespace, labels=labels)
        return tuple(found for each in pods if (found := _envoy(each)) is not None)

    async def _read(self, envoy: _Envoy) -> Reading:
        """Raises ApiError, TimeoutError, ValueError when the answer is no Envoy's."""
        async with asyncio.timeout(READ_TIMEOUT_S):
            # In this order, under load the backends have rather too little than what no endpoint has got.
            stats = await self._pods.get_from_pod(envoy.pod, envoy.port, "/stats/prometheus", STATS)
            clusters = await self._pods.get_from_pod(envoy.pod, envoy.port, "/clusters", {"format": "json"})
        try:
            return reading(clusters, stats, [each.name for each in self._routed.backends])
        except ValueError as error:
            raise ValueError(f"pod {envoy.pod.name} does not answer as Envoy does: {error}") from error


def summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts by name, added up."""
    found: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return found


def _envoy(pod: Object) -> _Envoy | None:
    """None for a pod that does not run, or has no port of that name."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    ports = [port for each in (pod.get("spec") or {}).get("containers") or () for port in each.get("ports") or ()]
    ready = next((each["containerPort"] for each in ports if each.get("name") == READY_PORT), None)
    if ready is None or status.get("phase") != "Running":
        return None
    restarts = sum(each.get("restartCount", 0) for each in status.get("containerStatuses") or ())
    return _Envoy(key_of(pod), metadata.get("uid", ""), restarts, int(ready))
