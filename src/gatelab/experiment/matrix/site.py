"""One cluster under a matrix: opened once, prepared once, put back at the end."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

from gatelab.cluster.port import Cluster, PodProxy
from gatelab.cluster.remote import KubeconfigError
from gatelab.experiment.axes import Cell
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.matrix.alterations import Alterations
from gatelab.experiment.measurement import Measurement, Subject, measure
from gatelab.experiment.place import Place
from gatelab.experiment.replicas import put_back_left_over
from gatelab.experiment.routes.route import Unknown, find_route
from gatelab.experiment.run import READY_TIMEOUT_S, all_ready
from gatelab.experiment.smoke import Request, first_ok
from gatelab.experiment.turns import ORDER
from gatelab.experiment.usage import memory_bytes
from gatelab.experiment.watchers import Watchers
from gatelab.kinds.errors import ApiError


@dataclass(frozen=True, slots=True)
class Opened:
    """A cluster that can be spoken to. `apply` applies the manifests; None leaves the cluster as it is."""

    cluster: Cluster
    pods: PodProxy | None
    apply: Callable[[], Awaitable[None]] | None


OpenCluster = Callable[[str | None], AbstractAsyncContextManager[Opened]]
"""The cluster of a context of the kubeconfig; of None: the current one. May raise KubeconfigError."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One repetition of a cell, and the memory of all nodes in bytes."""

    experiment: Experiment
    measurement: Measurement
    ready_pods: int
    memory: int | None


class Site:
    """A cluster, and what a matrix has changed in it."""

    def __init__(self, opened: Opened, request: Request, watchers: Watchers) -> None:
        self._opened = opened
        self._request = request
        self._watchers = watchers
        self._applied = False
        self.alterations = Alterations(opened.cluster, watchers.said)

    async def measure(self, cell: Cell, experiment: Experiment, watchers: Watchers) -> Measured:
        """`experiment` is that of the cell. Raises CouldNotRun."""
        opened, paths = self._opened, (cell.path,) if cell.path is not None else ORDER
        try:
            await self._prepared(experiment)
            if "replicas" in cell.axes:
                await self.alterations.replicas(experiment, int(cell.axes["replicas"]))
            place = await self._place(paths, experiment, "policy" in cell.axes)
            if "policy" in cell.axes:
                await self._policy(experiment, place, str(cell.axes["policy"]))
            backends = await all_ready(experiment, opened.cluster, watchers)
            subject = Subject(self._request, place, backends, opened.cluster, opened.pods)
            measured = await measure(experiment, subject, watchers, paths)
            memory = await memory_bytes(opened.cluster) if cell.path is None else None
        except ApiError as error:
            raise CouldNotRun(f"the cluster's API: {error.message}") from error
        return Measured(experiment, measured, len(backends.pods), memory)

    async def _prepared(self, experiment: Experiment) -> None:
        """Once: what was left altered is put back, and then the manifests have the last word."""
        if self._applied:
            return
        await put_back_left_over(experiment, self._opened.cluster, self._watchers.said)
        if self._opened.apply is not None:
            await self._opened.apply()
        self._applied = True

    async def _place(self, paths: tuple[str, ...], experiment: Experiment, is_needed: bool) -> Place:
        """Where the target is, once it has answered. What goes past the Gateway does without."""
        if "l7" not in paths and not is_needed:
            return Place("")
        cluster, said = self._opened.cluster, self._watchers.said
        return await first_ok(experiment, self._request, cluster, said, timeout_s=READY_TIMEOUT_S)

    async def _policy(self, experiment: Experiment, place: Place, policy: str) -> None:
        routed = await find_route(experiment, self._request.path, place, self._opened.cluster)
        if isinstance(routed, Unknown):
            raise CouldNotRun(f"policy: it is not known which Gateway takes the calls: {routed.reason}")
        await self.alterations.policy(routed.gateway, policy)


@dataclass(slots=True)
class Sites:
    """The clusters by context. `close` puts all of them back, and says what could not be."""

    open_cluster: OpenCluster
    request: Request
    watchers: Watchers
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _sites: dict[str | None, Site] = field(default_factory=dict)

    async def of(self, context: str | None) -> Site:
        """Raises CouldNotRun when there is no such cluster."""
        if context not in self._sites:
            try:
                opened = await self._stack.enter_async_context(self.open_cluster(context))
            except KubeconfigError as error:
                raise CouldNotRun(str(error)) from error
            self._sites[context] = Site(opened, self.request, self.watchers)
        return self._sites[context]

    async def close(self) -> tuple[str, ...]:
        failed = [said for site in self._sites.values() for said in await site.alterations.undo()]
        await self._stack.aclose()
        return tuple(failed)
