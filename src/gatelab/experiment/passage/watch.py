"""Looks at Gateways while a program of others sends its requests: nobody says which of them it will use.

What it sees is what all clients of the Gateways do in that time.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.envoys.counting import EnvoyCounting, EnvoyCounts
from gatelab.experiment.envoys.endpoint_names import EndpointNames
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.place import Place
from gatelab.experiment.routes.route import Routed, Rule, Rules, Unknown, addresses_of, read_rules
from gatelab.experiment.routes.rule_groups import RuleGroup, grouped
from gatelab.experiment.usage import cpu_millicores
from gatelab.kinds.errors import ApiError
from gatelab.kinds.objects import Key

EVERY_S = 1.0
CPU_TIMEOUT_S = 5.0
REST = 10
"""A reading's own time is at most this part of the time: it costs the Gateways some of theirs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at; nothing named is everything. `services` are `namespace/name:port` of backends."""

    gateways: tuple[Key, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What one Gateway's Envoys counted, or why that is not known.

    `cpu` is what the pods behind it used, in millicores, where the counts are unknown; empty without a metrics API.
    """

    gateway: Key
    groups: tuple[RuleGroup, ...]
    names: EndpointNames
    counts: EnvoyCounts | Unknown
    cpu: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Watched:
    gateway: Key
    groups: tuple[RuleGroup, ...]
    names: EndpointNames
    counting: EnvoyCounting
    unknown: Unknown | None = None


class GatewayWatch:
    """`begin`, `keep_sampling` beside the program, `finish`."""

    def __init__(self, cluster: Cluster, pods: PodProxy) -> None:
        self._cluster = cluster
        self._pods = pods
        self._watched: list[_Watched] = []

    async def begin(self, wanted: Wanted, place: Place | None = None) -> None:
        """The first reading. `place` is where the program connects to, if that is known: other Gateways are left out.

        Raises CouldNotRun when there is no Gateway to look at.
        """
        try:
            rules = await read_rules(self._cluster)
        except ApiError as error:
            raise CouldNotRun(f"the cluster's Gateways and routes cannot be read: {error.message}") from error
        kept = await _wanted(rules, wanted, place)
        gateways = wanted.gateways or tuple(sorted(rules.addresses))
        _check(gateways, kept, rules, wanted)
        here = {each.gateway for each in kept} if wanted.services or len(kept) < len(rules.rules) else set(gateways)
        for gateway in gateways:
            if gateway in here:
                self._watched.append(self._of(gateway, [each for each in kept if each.gateway == gateway]))
        async with asyncio.TaskGroup() as tasks:
            for each in self._watched:
                tasks.create_task(_begin(each))

    async def keep_sampling(self) -> None:
        """Reads again and again, until it is cancelled: so pods that go during the run keep their counts."""
        while True:
            began = time.monotonic()
            await self._sample()
            await asyncio.sleep(max(EVERY_S, REST * (time.monotonic() - began)))

    async def finish(self) -> tuple[Seen, ...]:
        """The last reading, and all counts."""
        async with asyncio.TaskGroup() as tasks:
            found = [tasks.create_task(_finish(each, self._cluster)) for each in self._watched]
        return tuple(each.result() for each in found)

    def _of(self, gateway: Key, rules: Sequence[Rule]) -> _Watched:
        groups = grouped(gateway, rules)
        backends = {backend.name: backend for each in groups for backend in each.backends}
        routed = Routed(gateway, "", tuple(backends.values()))
        names = EndpointNames(routed, self._cluster)
        return _Watched(gateway, groups, names, EnvoyCounting(routed, names, self._cluster, self._pods))

    async def _sample(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for each in self._watched:
                if each.unknown is None:
                    tasks.create_task(each.counting.sample())


async def _begin(watched: _Watched) -> None:
    watched.unknown = await watched.counting.begin()


async def _finish(watched: _Watched, cluster: Cluster) -> Seen:
    if watched.unknown is None:
        return Seen(watched.gateway, watched.groups, watched.names, await watched.counting.finish())
    cpu = await _cpu(watched, cluster)
    return Seen(watched.gateway, watched.groups, watched.names, watched.unknown, cpu)


async def _cpu(watched: _Watched, cluster: Cluster) -> Mapping[str, float]:
    """Of the pods behind the Gateway's rules, over the last window of the metrics API."""
    found: dict[str, float] = {}
    names = watched.names
    try:
        async with asyncio.timeout(CPU_TIMEOUT_S):
            await names.look_up()
            for namespace in {each.service.namespace for group in watched.groups for each in group.backends}:
                found |= await cpu_millicores(cluster, namespace)
    except (ApiError, TimeoutError):
        return {}
    behind = frozenset().union(*names.ready_first.values(), *names.ready_last.values())
    return {pod: used for pod, used in sorted(found.items()) if pod in behind}


async def _wanted(rules: Rules, wanted: Wanted, place: Place | None) -> Sequence[Rule]:
    kept = [each for each in rules.rules if not wanted.gateways or each.gateway in wanted.gateways]
    if wanted.services:
        kept = [each for each in kept if any(backend.name in wanted.services for backend in each.backends)]
    # Not by hostname: a call may bear another :authority than the name that it connects to.
    places = await addresses_of(place) if place is not None else frozenset()
    return [each for each in kept if places & rules.addresses.get(each.gateway, frozenset())] or kept


def _check(gateways: Sequence[Key], kept: Sequence[Rule], rules: Rules, wanted: Wanted) -> None:
    known = ", ".join(map(str, sorted(rules.addresses))) or "none"
    for each in gateways:
        if each not in rules.addresses:
            raise CouldNotRun(f"there is no Gateway {each} (there are: {known})")
    if not gateways:
        raise CouldNotRun("the cluster has no Gateway: apply one, or run the program by `gatelab exec`")
    here = f"the Gateways {', '.join(map(str, gateways))}"
    for name in wanted.services:
        if not any(backend.name == name for each in kept for backend in each.backends):
            raise CouldNotRun(f"no rule of a GRPCRoute or HTTPRoute of {here} leads to {name}")
