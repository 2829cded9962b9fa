"""The lab's switch and this machine's link to it, made before anything listens on an address of the lab."""

import errno
import select
import time

from gatelab.kinds.addresses import AddressRange
from gatelab.node.errors import LabError
from gatelab.node.keeper.client import Keeper, NetworkMade, SpawnFailed, Uplink
from gatelab.node.network.ranges import link_name, local_networks

SWITCH = "switch"
PREFIX = 16
_DEADLINE_S = 5.0
_AGAIN_S = 0.02


def make_lab_network(keeper: Keeper, addresses: AddressRange) -> None:
    """Waits until it is there. Raises LabError with what is not permitted, and what to do."""
    uplink = Uplink(link_name(addresses.octet), addresses.node, PREFIX, local_networks(addresses))
    deadline = time.monotonic() + _DEADLINE_S
    made = _make(keeper, uplink, deadline)
    while isinstance(made, SpawnFailed) and made.errno == errno.EEXIST and time.monotonic() < deadline:
        # The link of a lab that has just ended goes some milliseconds after its last process.
        time.sleep(_AGAIN_S)
        made = _make(keeper, uplink, deadline)
    if isinstance(made, SpawnFailed):
        raise LabError(
            f"--isolation netns needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN: {made.refused}. Without it, pods "
            "share the machine's network, each with an address of its own"
        )


def _make(keeper: Keeper, uplink: Uplink, deadline: float) -> NetworkMade | SpawnFailed:
    said: list[NetworkMade | SpawnFailed] = []
    keeper.make_network(SWITCH, said.append, uplink)
    while not said:
        readable, _, _ = select.select([keeper], [], [], max(0.0, deadline - time.monotonic()))
        if not readable or not keeper.receive():
            raise LabError(f"--isolation netns: the network was not made within {_DEADLINE_S:.0f} s")
    return said[0]
