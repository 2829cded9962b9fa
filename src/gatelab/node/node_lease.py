"""The Lease by which the node says that it lives, as a kubelet does (KEP-589); `kubectl describe node` shows it."""

import asyncio
import logging
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import LEASE
from gatelab.kinds.errors import ApiError, NotFound
from gatelab.kinds.lab import NODE_LEASE_NAMESPACE
from gatelab.kinds.objects import Key
from gatelab.kinds.timestamps import utc_now
from gatelab.node.agent import NODE_NAME

logger = logging.getLogger(__name__)

DURATION_S = 40
RENEW_EVERY_S = 10.0
"""A quarter of the duration, as the kubelet's."""
_RETRY_S = 1.0
_KEY = Key(NODE_LEASE_NAMESPACE, NODE_NAME)


async def keep_lease(cluster: Cluster) -> None:
    """Renews it until cancelled. What somebody else has deleted is made anew."""
    while True:
        try:
            await _renew(cluster)
        except ApiError as error:
            logger.info("the node's Lease is not renewed: %s", error.message)
            await asyncio.sleep(_RETRY_S)
        else:
            await asyncio.sleep(RENEW_EVERY_S)


async def _renew(cluster: Cluster) -> None:
    try:
        await cluster.patch(LEASE, _KEY, {"spec": _spec()})
    except NotFound:
        metadata = {"name": _KEY.name, "namespace": _KEY.namespace}
        lease = {"apiVersion": LEASE.api_version, "kind": LEASE.name, "metadata": metadata, "spec": _spec()}
        await cluster.create(LEASE, lease)


def _spec() -> dict[str, Any]:
    renewed = utc_now().isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"holderIdentity": NODE_NAME, "leaseDurationSeconds": DURATION_S, "renewTime": renewed}
