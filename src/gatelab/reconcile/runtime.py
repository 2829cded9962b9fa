"""The runtime: feeds the mirrors, and runs the controllers on what changes."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import chain

from gatelab.cluster.port import Cluster
from gatelab.kinds.errors import ApiError
from gatelab.kinds.kind import Kind
from gatelab.reconcile.backoff import Backoff, Failures
from gatelab.reconcile.controller import Controller
from gatelab.reconcile.mirror import Change, Mirror, Mirrors
from gatelab.reconcile.worker import Worker
from gatelab.telemetry import Reading

logger = logging.getLogger(__name__)

_WATCH_BACKOFF = Backoff(first_s=0.05, most_s=10.0)


class Runtime:
    """Runs controllers on a cluster, with one watch for each kind that any of them watches.

    `debounce_s` is how long a change may wait for others of the same key. `parallel` is how many keys of a controller
    are reconciled at once.
    """

    def __init__(
        self, cluster: Cluster, controllers: Sequence[Controller], *, debounce_s: float = 0.0, parallel: int = 8
    ) -> None:
        self._cluster = cluster
        self._workers = [Worker(controller, debounce_s=debounce_s, parallel=parallel) for controller in controllers]
        self.mirrors = Mirrors(watches.kind for controller in controllers for watches in controller.watches())
        self._synced = asyncio.Event()

    async def run(self) -> None:
        """Runs until it is cancelled. What fails inside is logged and tried again; it never ends the rest."""
        async with asyncio.TaskGroup() as tasks:
            for mirror in self.mirrors.all():
                tasks.create_task(self._feed(mirror), name=f"watch {mirror.kind.plural}")
            for mirror in self.mirrors.all():
                await mirror.synced.wait()
            self._synced.set()
            for worker in self._workers:
                tasks.create_task(worker.run(self.mirrors), name=f"controller {worker.name}")

    def readings(self) -> Iterable[Reading]:
        """What the queues of the controllers count."""
        return chain.from_iterable(worker.readings() for worker in self._workers)

    async def wait_synced(self) -> None:
        """Returns when every mirror has its first whole state."""
        await self._synced.wait()

    async def _feed(self, mirror: Mirror) -> None:
        failures = Failures()
        while True:
            try:
                async for event in self._cluster.watch(mirror.kind):
                    failures.clear(mirror.kind)
                    self._dispatch(mirror.kind, mirror.apply(event))
                logger.warning("the watch of %s ended; watching again", mirror.kind)
            except ApiError as error:
                logger.warning("the watch of %s failed: %s; watching again", mirror.kind, error.message)
            except Exception:
                logger.exception("the watch of %s failed; watching again", mirror.kind)
            await asyncio.sleep(_WATCH_BACKOFF.delay_s(failures.add(mirror.kind)))

    def _dispatch(self, kind: Kind, changes: Sequence[Change]) -> None:
        for worker in self._workers:
            worker.changed(kind, changes)
