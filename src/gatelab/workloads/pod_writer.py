"""Creating and deleting the pods of an owner, each with its Event."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import POD
from gatelab.kinds.errors import AlreadyExists, ApiError, NotFound
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.reconcile import Expectations, Mirror, Recorder
from gatelab.workloads.node_fit import why_not
from gatelab.workloads.pods import NODE_NAME, unbound
from gatelab.workloads.scheduler import SCHEDULER, report_binding


@dataclass(frozen=True, slots=True)
class Words:
    """The messages of the Events, with `{pod}`, `{owner}` and `{error}`."""

    created: str = "Created pod: {pod}"
    not_created: str = "Error creating: {error}"
    deleted: str = "Deleted pod: {pod}"
    not_deleted: str = "Error deleting: {error}"


class PodWriter:
    """Writes for the owners of one controller, and tells `expected` what it wrote.

    With `nodes`, a pod that does not fit the node is left to the scheduler, which says so.
    """

    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        expected: Expectations,
        words: Words | None = None,
        nodes: Mirror | None = None,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._scheduling = Recorder(cluster, SCHEDULER)
        self._expected = expected
        self._words = words or Words()
        self._nodes = nodes

    async def create(self, owner: Object, pod: dict[str, Any]) -> None:
        """Creates a pod, with its node if it fits. Raises what the API refuses it with."""
        if self._nodes is not None and why_not(pod["spec"], self._nodes.get(Key("", NODE_NAME))) is not None:
            pod = unbound(pod)
        try:
            created = await self._cluster.create(POD, pod)
        except AlreadyExists:
            # Somebody else's of that name, or one that is not gone yet: not worth telling, but worth another try.
            raise
        except ApiError as error:
            name = pod["metadata"].get("name", "")
            await self._say(owner, "Warning", "FailedCreate", self._words.not_created, name, error)
            raise
        self._expected.wrote(key_of(owner), created)
        await self._say(owner, "Normal", "SuccessfulCreate", self._words.created, created["metadata"]["name"])
        if created["spec"].get("nodeName"):
            # The pod was made with its node: there is no other to choose.
            await report_binding(self._scheduling, created)

    async def delete(self, owner: Object, pod: Object) -> None:
        """Asks for the deletion of the pod. Raises what the API refuses it with; one that is gone is deleted."""
        self._expected.deleted(key_of(owner), pod)
        name = pod["metadata"]["name"]
        try:
            await self._cluster.delete(POD, key_of(pod), uid=pod["metadata"]["uid"])
        except NotFound:
            return
        except ApiError as error:
            self._expected.kept(key_of(owner), pod)
            await self._say(owner, "Warning", "FailedDelete", self._words.not_deleted, name, error)
            raise
        await self._say(owner, "Normal", "SuccessfulDelete", self._words.deleted, name)

    async def _say(
        self, owner: Object, type_: Any, reason: str, message: str, pod: str, error: ApiError | None = None
    ) -> None:
        text = message.format(pod=pod, owner=owner["metadata"]["name"], error=error.message if error else "")
        await self._recorder.event(owner, type_, reason, text)


async def all_at_once(works: Iterable[Coroutine[Any, Any, None]]) -> ApiError | None:
    """Does all at once and returns the first refusal. Raises what is a bug."""
    results = await asyncio.gather(*works, return_exceptions=True)
    failures = [each for each in results if each is not None]
    for failure in failures:
        if not isinstance(failure, ApiError):
            raise failure
    return next((each for each in failures if isinstance(each, ApiError)), None)
