"""Pod addresses: each pod has one of the lab's, and a freed one rests before it is given out again."""

from collections.abc import Iterable, Sequence
from typing import Protocol


class Plan(Protocol):
    """Addresses by index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> str: ...

    def __contains__(self, address: object) -> bool: ...


class AddressesExhausted(Exception):
    """Every pod address is taken or resting."""


class PodAddresses:
    """Gives out addresses in turn, so that the one that was freed longest ago comes first.

    An address rests for `rest_s` seconds: clients with a connection, a cached name or an old endpoint must meet a
    refused connection, never another pod.
    """

    def __init__(self, plan: Plan | Sequence[str], *, rest_s: float = 30.0) -> None:
        self._plan = plan
        self._rest_s = rest_s
        self._next = 0
        self._held: set[str] = set()
        self._free_at: dict[str, float] = {}

    def reserve(self, addresses: Iterable[str]) -> None:
        """Takes what pods of an earlier run have; what is no address of ours is left alone."""
        self._held.update(address for address in addresses if address in self._plan)

    def holds(self, address: str) -> bool:
        """Whether some pod has it."""
        return address in self._held

    def take(self, now: float) -> str:
        """A free address. Raises AddressesExhausted."""
        for _ in range(len(self._plan)):
            address = self._plan[self._next]
            self._next = (self._next + 1) % len(self._plan)
            if address not in self._held and self._free_at.get(address, now) <= now:
                self._held.add(address)
                self._free_at.pop(address, None)
                return address
        raise AddressesExhausted(f"all {len(self._plan)} pod addresses of the lab are in use: delete some pods")

    def free(self, address: str, now: float) -> None:
        """Gives an address back; it rests from `now`."""
        if address in self._held:
            self._held.discard(address)
            self._free_at[address] = now + self._rest_s
