"""The lab's switch and this machine's link to it, made before anything listens on an address of the lab."""

import select
import time

from gatelab.kinds.addresses import AddressRange
from gatelab.node.errors import LabError
from gatelab.node.keeper.client import Keeper, NetworkMade, SpawnFailed, Uplink
from gatelab.node.network.ranges import local_networks

SWITCH = "switch"
PREFIX = 16
_DEADLINE_S = 5.0


def link_name(addresses: AddressRange) -> str:
    """This machine's link to the lab, as `ip link` shows it."""
    return f"gatelab{addresses.octet}"


def make_lab_network(keeper: Keeper, addresses: AddressRange) -> None:
    """Waits until it is there. Raises LabError with what is not permitted, and what to do."""
    said: list[NetworkMade | SpawnFailed] = []
    uplink = Uplink(link_name(addresses), addresses.node, PREFIX, local_networks(addresses))
    keeper.make_network(SWITCH, said.append, uplink)
    deadline = time.monotonic() + _DEADLINE_S
    while not said:
        readable, _, _ = select.select([keeper], [], [], max(0.0, deadline - time.monotonic()))
        if not readable or not keeper.receive():
            raise LabError(f"--isolation netns: the network was not made within {_DEADLINE_S:.0f} s")
    if isinstance(said[0], SpawnFailed):
        raise LabError(
            f"--isolation netns needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN: {said[0].refused}. Without it, pods "
            "share the machine's network, each with an address of its own"
        )
