"""Looks at the Gateway while the load runs: whose route it is, which pods are behind it, what its Envoys count."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.experiment.envoys.counting import EnvoyCounting, EnvoyCounts
from gatelab.experiment.envoys.endpoint_names import EndpointNames
from gatelab.experiment.file import Experiment
from gatelab.experiment.place import Place
from gatelab.experiment.report import Event
from gatelab.experiment.routes.route import Routed, Unknown, find_route
from gatelab.kinds.errors import ApiError

NO_PROXY = Unknown("this cluster's API passes nothing on to pods")


@dataclass(slots=True)
class Observation:
    """What can be seen. `routed` and `names` are None where it is not known which route takes the calls."""

    routed: Routed | None
    names: EndpointNames | None
    _counting: EnvoyCounting | Unknown

    @property
    def between(self) -> Callable[[], Awaitable[None]] | None:
        """What to do whenever the Gateway rests."""
        return self._counting.sample if isinstance(self._counting, EnvoyCounting) else None

    async def finish(self) -> EnvoyCounts | Unknown:
        """After the load: the counts, or why there are none."""
        return self._counting if isinstance(self._counting, Unknown) else await self._counting.finish()

    def expected_shares(self) -> Mapping[str, float]:
        """By pod, as weights have it; empty where all shares are even or unknown."""
        if self.routed is None or self.names is None or not self.routed.is_weighted:
            return {}
        return self.names.expected_shares()

    def pod_events(self, begun: float) -> tuple[Event, ...]:
        """Pods that came and went, in seconds after `begun` of the monotonic clock."""
        seen = self.names.seen if self.names is not None else ()
        return tuple(Event(second=round(max(0.0, at - begun), 3), what="pod", text=text) for at, text in seen)

    def by_backend(self, pods: Mapping[str, int]) -> Mapping[str, int] | None:
        """Counts of pods as counts of the route's backends; None where they cannot be told apart."""
        return self.names.by_backend(pods) if self.names is not None else None


async def observe(
    experiment: Experiment, method: str, place: Place, cluster: Cluster, pods: PodProxy | None
) -> Observation:
    """Begins to look, which asks nothing of the workload. `method` is `/package.Service/Method`."""
    routed = await find_route(experiment, method, place, cluster)
    if isinstance(routed, Unknown):
        return Observation(None, None, routed)
    names = EndpointNames(routed, cluster)
    try:
        await names.look_up()
    except (ApiError, TimeoutError) as error:
        return Observation(routed, None, Unknown(f"the endpoints of the route's backends cannot be read: {error}"))
    if pods is None:
        return Observation(routed, names, NO_PROXY)
    counting = EnvoyCounting(routed, names, cluster, pods)
    return Observation(routed, names, await counting.begin() or counting)
