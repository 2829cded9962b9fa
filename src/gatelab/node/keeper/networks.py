"""The networks of a lab whose pods are isolated: one switch, a cable from it to this machine, and one to each pod.

Everything but the machine's end of its cable is inside of namespaces that the keeper holds. When the keeper ends, they
go, the cables with them, and with the cable every address and route on this machine: nothing is left behind, however
the lab ends. Nobody forwards packets, and no setting of the machine is changed.

The calling process is in the namespace of the new switch or pod afterwards.
"""

import os

from gatelab.node.keeper.namespaces import enter_new_network, join_network
from gatelab.node.keeper.rtnetlink import Links

_BRIDGE = "pods"
_UPLINK = "uplink"
_POD_LINK = "eth0"


def make_switch(link: str, address: str, prefix: int, local: list[str]) -> None:
    """A switch, joined to this machine by `link`, which has the address there; `local` networks are the machine's own.

    Raises Refused, OSError naming what cannot be made.
    """
    machine, switch = _enter_new()
    try:
        with Links() as links:
            links.add_bridge(_BRIDGE)
        join_network(machine)
        with Links() as links:
            links.add_pair(link, _UPLINK, switch)
            links.add_address(link, address, prefix)
            for network in local:
                links.add_local_route(network, link)
        join_network(switch)
        with Links() as links:
            links.bring_up(_UPLINK, master=_BRIDGE)
    finally:
        os.close(machine)
        os.close(switch)


def make_port(switch: int, port: str, address: str, prefix: int, gateway: str) -> None:
    """A network with one interface, eth0, joined to the switch. Raises Refused, OSError naming what cannot be made."""
    machine, pod = _enter_new()
    os.close(machine)
    try:
        join_network(switch)
        with Links() as links:
            links.add_pair(port, _POD_LINK, pod, peer_mac=_mac(address), master=_BRIDGE)
        join_network(pod)
        with Links() as links:
            links.bring_up(_POD_LINK)
            links.add_address(_POD_LINK, address, prefix)
            links.add_default_route(gateway, _POD_LINK)
    finally:
        os.close(pod)


def _enter_new() -> tuple[int, int]:
    """Descriptors of the namespace that the process was in, and of the new one, in which it is now."""
    before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    enter_new_network()
    return before, os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _mac(address: str) -> bytes:
    """Made of the address (locally administered, 02): whoever remembers it is right about the next pod that has it."""
    return bytes([2, 0, *map(int, address.split("."))])
