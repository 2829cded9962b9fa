"""The address plan of a lab: 127.A.0.0/16, cut into node, pods, ClusterIPs and LoadBalancers.

10.A.0.0/16 where each pod has a network of its own, for there 127.x is everybody's own.
"""

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

NODE_PORTS = range(30000, 32768)
"""NodePorts, inclusive of 30000 and 32767, bound on the node's address."""


@dataclass(frozen=True, slots=True)
class Block:
    """Addresses from `first` to `last`, both included."""

    first: IPv4Address
    last: IPv4Address

    def __contains__(self, address: object) -> bool:
        """Whether the text (or address) is an address of the block; what is no address is not."""
        try:
            return self.first <= IPv4Address(str(address)) <= self.last
        except AddressValueError:
            return False

    def __len__(self) -> int:
        return int(self.last) - int(self.first) + 1

    def __getitem__(self, index: int) -> str:
        """The address at `index` from the start. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"block {self} has {len(self)} addresses")
        return str(self.first + index)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


LOOPBACK = 127
PRIVATE = 10
"""The first octet where pods have networks of their own (RFC 1918)."""


@dataclass(frozen=True, slots=True)
class AddressRange:
    """The lab's 127.`octet`.0.0/16. First and last address of a block are left out where they look like a network's."""

    octet: int
    network: int = LOOPBACK
    """The first octet: LOOPBACK or PRIVATE."""

    def __post_init__(self) -> None:
        if self.network not in (LOOPBACK, PRIVATE):
            raise ValueError(f"network {self.network} is neither {LOOPBACK} nor {PRIVATE}")
        if not 1 <= self.octet <= 254:
            raise ValueError(f"octet {self.octet} is not within 1..254")

    @property
    def node(self) -> str:
        """The node's address; NodePorts and DNS listen here."""
        return f"{self.network}.{self.octet}.0.1"

    @property
    def pods(self) -> Block:
        return self._block(1, 63)

    @property
    def isolated_pods(self) -> Block:
        """Of `pods`: those with a network of their own, where pods have one."""
        return self._block(1, 31)

    @property
    def host_pods(self) -> Block:
        """Of `pods`: those that share this machine's network, where others do not."""
        return self._block(32, 63)

    @property
    def cluster_ips(self) -> Block:
        return self._block(64, 127)

    @property
    def load_balancers(self) -> Block:
        return self._block(128, 191)

    def _block(self, low: int, high: int) -> Block:
        return Block(
            IPv4Address(f"{self.network}.{self.octet}.{low}.1"), IPv4Address(f"{self.network}.{self.octet}.{high}.254")
        )

    def __str__(self) -> str:
        return f"{self.network}.{self.octet}.0.0/16"
