"""Which 10.A.0.0/16 collides with nothing that this machine has a route to."""

import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from gatelab.kinds.addresses import PRIVATE, AddressRange

_TABLE = Path("/proc/net/route")


def free_octets(octets: Iterable[int], table: Path = _TABLE) -> list[int]:
    """Those A of `octets` for which no route leads into 10.A.0.0/16; a default route is in nobody's way."""
    routes = list(read_routes(table))
    return [each for each in octets if not any(_network(each).overlaps(route) for route in routes)]


def read_routes(table: Path = _TABLE) -> Iterator[IPv4Network]:
    """The destinations of a file in the form of /proc/net/route, but for the default route."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 7 and fields[7] != "00000000":
            destination, mask = (struct.pack("=I", int(each, 16)) for each in (fields[1], fields[7]))
            yield IPv4Network((destination, int.from_bytes(mask, "big").bit_count()))


def _network(octet: int) -> IPv4Network:
    return IPv4Network((IPv4Address(f"{PRIVATE}.{octet}.0.0"), 16), strict=True)


def local_networks(addresses: AddressRange) -> tuple[str, ...]:
    """What of the lab's range is this machine's own: ClusterIPs, LoadBalancers, pods that share its network."""
    first = f"{addresses.network}.{addresses.octet}"
    return (f"{first}.32.0/19", f"{first}.64.0/18", f"{first}.128.0/18")
