"""What the runtime asks of a controller."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.reconcile.mirror import Mirrors


def _own_key(obj: Object) -> Iterable[Key]:
    return (key_of(obj),)


@dataclass(frozen=True, slots=True)
class Watches:
    """Which keys to reconcile when an object of `kind` changes; without `to_keys`, the object's own.

    `to_keys` is called with the object before and after the change, so that what an object leaves is looked at as well
    as what it joins.
    """

    kind: Kind
    to_keys: Callable[[Object], Iterable[Key]] = _own_key


class Controller(Protocol):
    """Brings what a key names to the state that is wanted."""

    @property
    def name(self) -> str:
        """For logs."""
        ...

    def watches(self) -> Sequence[Watches]:
        """The kinds that it needs, read ones (`no_keys`) included."""
        ...

    async def start(self, mirrors: Mirrors) -> None:
        """Called once, with every mirror synced, before the first `reconcile`. Retried when it raises."""
        ...

    async def reconcile(self, key: Key) -> float | None:
        """Returns the seconds after which to come again, or None.

        The object may be gone. What it raises is logged, and the key comes again with back-off.
        """
        ...
