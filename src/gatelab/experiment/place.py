"""Where a target is, for who connects to it. `resolution` finds it out; that takes a cluster, and this does not."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """`address` is what to connect to. `trusted` are CA certificates (PEM) for it beside the system's."""

    address: str
    trusted: tuple[str, ...] = ()
    note: str = ""
    """How the name was resolved, for people."""
    shifted: Mapping[int, int] = field(default_factory=dict)
    """Ports of the Service that are really listened on elsewhere: privileged ones that the lab may not bind."""

    def port(self, wanted: int) -> int:
        """The port to connect to for the one in the target."""
        return self.shifted.get(wanted, wanted)


def is_address(host: str) -> bool:
    """Whether `host` is an IP address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
