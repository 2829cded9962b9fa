"""What the commands about a lab read of its API: all that they need at once, each kind a list."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatelab.cluster.port import Cluster
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.errors import ApiError, NotFound, Unavailable
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.node.errors import LabError

TIMEOUT_S = 5.0

Objects = Mapping[Kind, Sequence[Object]]

ROUTES: tuple[Kind, ...] = tuple(
    kind for kind in BUILTIN if kind.group == "gateway.networking.k8s.io" and kind.name.endswith("Route")
)
"""Every kind of route that is served."""


def read_objects(kubeconfig: Path, kinds: Sequence[Kind]) -> Objects:
    """All objects of the kinds. Raises LabError when the API does not answer."""
    return asyncio.run(_read(kubeconfig, kinds))


async def _read(kubeconfig: Path, kinds: Sequence[Kind]) -> Objects:
    try:
        async with asyncio.timeout(TIMEOUT_S), RemoteCluster.connect(kubeconfig) as cluster:
            return await list_all(cluster, kinds)
    except (KubeconfigError, ApiError, TimeoutError) as error:
        raise unanswered(error) from error


async def list_all(cluster: Cluster, kinds: Sequence[Kind]) -> Objects:
    """All objects of the kinds, asked for together. A kind that is not served has none. Raises ApiError."""
    try:
        async with asyncio.TaskGroup() as tasks:
            asked = {kind: tasks.create_task(_listed(cluster, kind)) for kind in kinds}
    except* ApiError as errors:
        raise _first(errors) from None
    return {kind: task.result() for kind, task in asked.items()}


def unanswered(error: Exception) -> LabError:
    """Why nothing came from the API, and where to look."""
    what = "" if isinstance(error, TimeoutError) else f" ({error})"
    silent = isinstance(error, TimeoutError | Unavailable)
    said = "does not answer" if silent else "gave no answer that can be used"
    return LabError(f"the lab's API {said}{what}: look at `gatelab logs control-plane`, or restart the lab")


async def _listed(cluster: Cluster, kind: Kind) -> Sequence[Object]:
    try:
        return await cluster.list(kind)
    except NotFound:
        return ()


def _first(errors: BaseExceptionGroup[ApiError]) -> ApiError:
    for each in errors.exceptions:
        return _first(each) if isinstance(each, BaseExceptionGroup) else each
    raise AssertionError("a group has exceptions")
