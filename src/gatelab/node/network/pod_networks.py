"""The network of each pod: one interface with the pod's address, shared by its containers, kept while they restart."""

import asyncio
from dataclasses import dataclass, field

from gatelab.kinds.pods import Pod
from gatelab.node.keeper.client import Keeper, NetworkMade, Port, SpawnFailed
from gatelab.node.network.lab_network import PREFIX, SWITCH

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""Label of a Gateway's data plane: its Envoy binds the Gateway's address, which is this machine's."""
_TIMEOUT_S = 10.0


class NetworkNotMade(Exception):
    """A pod's network cannot be had. Shown as FailedCreatePodSandBox; tried again."""


def shares_machine(pod: Pod) -> bool:
    """Whether the pod is in this machine's network, where others are not."""
    return pod.spec.host_network or GATEWAY_NAME in pod.metadata.labels


@dataclass(slots=True)
class PodNetworks:
    """Makes them, one per pod, and lets them go."""

    keeper: Keeper
    gateway: str
    _made: dict[str, "asyncio.Future[NetworkMade | SpawnFailed]"] = field(default_factory=dict)

    async def of(self, uid: str, address: str) -> str:
        """The name of the pod's network, which is made for the first container. Raises NetworkNotMade."""
        made = self._made.get(uid)
        if made is None:
            made = self._made[uid] = asyncio.get_running_loop().create_future()
            low = address.split(".")[2:]
            port = Port(SWITCH, f"pod{'.'.join(low)}", address, PREFIX, self.gateway)
            self.keeper.make_network(uid, made.set_result, port)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                result = await asyncio.shield(made)
        except TimeoutError:
            raise NetworkNotMade(f"the pod's network was not made within {_TIMEOUT_S:.0f} s") from None
        if isinstance(result, SpawnFailed):
            self._made.pop(uid, None)
            raise NetworkNotMade(f"the pod's network was not made: {result.refused}")
        return uid

    def drop(self, uid: str) -> None:
        """The pod is gone."""
        if self._made.pop(uid, None) is not None:
            self.keeper.drop_network(uid)
