"""Which 10.A.0.0/16 collides with nothing that this machine has a route to."""

import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from gatelab.kinds.addresses import PRIVATE, AddressRange

_TABLE = Path("/proc/net/route")


def free_octets(octets: Iterable[int], table: Path = _TABLE) -> list[int]:
    """Those A of `octets` for which no route leads into 10.A.0.0/16; a default route is in nobody's way.

    Nor is the link of a lab with that A: whoever claims A knows that the lab has ended, and the link is about to go.
    """
    routes = list(read_routes(table))

    def is_free(octet: int) -> bool:
        return not any(_network(octet).overlaps(route) for link, route in routes if link != link_name(octet))

    return [each for each in octets if is_free(each)]


def link_name(octet: int) -> str:
    """This machine's link to the lab, as `ip link` shows it."""
    return f"gatelab{octet}"


def read_routes(table: Path = _TABLE) -> Iterator[tuple[str, IPv4Network]]:
    """Links and destinations from a file in the form of /proc/net/route, but for the default route."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 7 and fields[7] != "00000000":
            destination, mask = (struct.pack("=I", int(each, 16)) for each in (fields[1], fields[7]))
            yield fields[0], IPv4Network((destination, int.from_bytes(mask, "big").bit_count()))


def _network(octet: int) -> IPv4Network:
    return IPv4Network((IPv4Address(f"{PRIVATE}.{octet}.0.0"), 16), strict=True)


def local_networks(addresses: AddressRange) -> tuple[str, ...]:
    """What of the lab's range is this machine's own: ClusterIPs, LoadBalancers, pods that share its network."""
    first = f"{addresses.network}.{addresses.octet}"
    return (f"{first}.32.0/19", f"{first}.64.0/18", f"{first}.128.0/18")
