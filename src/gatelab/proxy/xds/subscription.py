"""One resource type on one stream: what Envoy asked for, has, was sent and refused."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from gatelab.persistent import PersistentMap
from gatelab.proxy.resources import EncodedResource, Reference

EVERYTHING = "*"
"""How Envoy calls, when it drops it, what it asked for by naming nothing."""


@dataclass(frozen=True, slots=True)
class Held:
    """A version that Envoy runs. `needs` is None while its content is not known: Envoy had it before this stream."""

    version: str
    needs: frozenset[Reference] | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A version that Envoy refused, with its words."""

    version: str
    message: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A response on its way, not yet answered."""

    nonce: str
    resources: Mapping[str, EncodedResource]
    removed: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it is about, in a stable order."""
        return (*sorted(self.resources), *sorted(self.removed))


@dataclass(slots=True)
class Subscription:
    """The state of one type. `wildcard` types get every resource, the others the names that Envoy asked for.

    At most one delivery is under way. `again` are names to be sent although Envoy holds their version, `absent` those
    that Envoy was told do not exist. `suspects` are parts of a refused delivery, to be sent one after the other until
    the guilty ones are found. `needed` are what the held resources name, and how many of them do. Versions that came
    with one that was refused are in doubt until something of their name is answered: Envoy applies what it can of a
    delivery that it refuses. What they name is needed too, and what is desired no longer has to be removed.

    What Envoy lacks, and has too much, is judged by name, when it or what is desired changes: there are thousands.
    """

    wildcard: bool
    opened: bool = False
    answered: bool = False
    names: set[str] = field(default_factory=set)
    held: dict[str, Held] = field(default_factory=dict)
    rejected: dict[str, Rejection] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    suspects: deque[tuple[str, ...]] = field(default_factory=deque)
    in_flight: Delivery | None = None
    needed: Counter[Reference] = field(default_factory=Counter)
    _in_doubt: dict[str, dict[str, frozenset[Reference]]] = field(default_factory=dict)
    _unknown: set[str] = field(default_factory=set)
    _desired: PersistentMap[str, EncodedResource] = field(default_factory=PersistentMap)
    _behind: set[str] = field(default_factory=set)
    _surplus: set[str] = field(default_factory=set)
    _missing: set[str] = field(default_factory=set)

    def open(self, initial_versions: Mapping[str, str]) -> None:
        """Take over what Envoy has from an earlier stream."""
        self.opened = True
        before, self.held = self.held, {name: Held(version, None) for name, version in initial_versions.items()}
        self.needed.clear()
        doubted, self._in_doubt = self._in_doubt, {}
        self._unknown = set(self.held)
        for name in before.keys() | self.held.keys() | doubted.keys():
            self._judge(name)

    def follow(self, desired: PersistentMap[str, EncodedResource]) -> None:
        """From now on this is what Envoy shall have of the type, as far as it asks for it.

        The content of what it had before this stream is recognised by its version.
        """
        names, self._desired = desired.changes_since(self._desired), desired
        for name in names:
            self._judge(name)

    def subscribe(self, names: Iterable[str], already_had: Mapping[str, str]) -> None:
        """Envoy wants these. Unless it told a version along with it, it wants them now, whatever it had before."""
        for name in names:
            self.names.add(name)
            self.absent.discard(name)
            self._judge(name)
            if name not in already_had and name in self.held:
                self.again.add(name)
            if name == EVERYTHING and self.wildcard and not already_had:
                # It was dropped and is wanted once more, faster than it could be said: Envoy has nothing of it now.
                self.again.update(self.held)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """Envoy has dropped these, and what it held of them."""
        for name in names:
            if name == EVERYTHING and self.wildcard:
                self.opened = self.answered = False
            self.names.discard(name)
            self.again.discard(name)
            self.absent.discard(name)
            self._forget(name)

    @property
    def is_known(self) -> bool:
        """Whether the content of everything that Envoy has is known."""
        return not self._unknown

    def behind(self) -> set[str]:
        """Of what is desired, that which Envoy does not run so, or is to be sent again."""
        return self._behind | {name for name in self.again | self.leaving if name in self._desired}

    @property
    def in_doubt(self) -> Mapping[str, Mapping[str, frozenset[Reference]]]:
        """By name the versions that Envoy may run, with what they name."""
        return self._in_doubt

    def surplus(self) -> AbstractSet[str]:
        """What Envoy has, or may have, and is not desired."""
        return self._surplus

    @property
    def leaving(self) -> frozenset[str]:
        """What Envoy is just told to drop: whoever wants it again meanwhile must wait until it can be sent again."""
        return self.in_flight.removed if self.in_flight is not None else frozenset()

    def wants(self, resource: EncodedResource) -> bool:
        """Whether this version must still be sent."""
        if not self.wildcard and resource.name not in self.names:
            return False
        if resource.name in self.again:
            return True
        return not self.runs(resource) and self.rejection(resource) is None

    def unanswered(self) -> set[str]:
        """Names that Envoy waits for and that are not desired."""
        return {name for name in self._missing - self.absent if name not in self.held or name in self.again}

    def runs(self, resource: EncodedResource) -> bool:
        """Whether Envoy has acknowledged this version, and keeps it."""
        held = self.held.get(resource.name)
        return held is not None and held.version == resource.version and resource.name not in self.leaving

    def rejection(self, resource: EncodedResource) -> Rejection | None:
        """Envoy's refusal of this very version."""
        rejection = self.rejected.get(resource.name)
        return rejection if rejection is not None and rejection.version == resource.version else None

    def send(self, delivery: Delivery) -> None:
        """A response goes out."""
        self.in_flight = delivery
        self.answered = True
        self.again.difference_update(delivery.resources, delivery.removed)
        if not self.wildcard:
            self.absent |= delivery.removed
            self.absent.difference_update(delivery.resources)

    def acknowledge(self, delivery: Delivery) -> None:
        """Envoy runs what was delivered."""
        self.in_flight = None
        for name, resource in delivery.resources.items():
            self.rejected.pop(name, None)
            if self.wildcard or name in self.names:
                self._hold(resource)
        for name in delivery.removed:
            self._forget(name)

    def reject(self, delivery: Delivery, message: str) -> None:
        """Envoy refused the delivery: the only one in it is guilty, of several each half is tried again."""
        self.in_flight = None
        names = delivery.names
        if len(names) > 1:
            middle = len(names) // 2
            self.suspects.extendleft((names[middle:], names[:middle]))
            self.again.update(name for name in delivery.resources if name in self.held)
            for resource in delivery.resources.values():
                self._doubt(resource)
            return
        for name, resource in delivery.resources.items():
            self.rejected[name] = Rejection(resource.version, message)
            self._settle(name, (resource.version,))
            self._judge(name)
        for name in delivery.removed:
            self._forget(name)

    def _hold(self, resource: EncodedResource) -> None:
        self._release(resource.name)
        self.held[resource.name] = Held(resource.version, resource.needs)
        self.needed.update(resource.needs)
        self._judge(resource.name)

    def _forget(self, name: str) -> None:
        self._release(name)
        self.rejected.pop(name, None)
        self._judge(name)

    def _release(self, name: str) -> None:
        held = self.held.pop(name, None)
        self._unknown.discard(name)
        self._need_no_more(held.needs or () if held is not None else ())
        self._settle(name, tuple(self._in_doubt.get(name, ())))

    def _doubt(self, resource: EncodedResource) -> None:
        versions = self._in_doubt.setdefault(resource.name, {})
        if resource.version not in versions:
            versions[resource.version] = resource.needs
            self.needed.update(resource.needs)
        self._judge(resource.name)

    def _settle(self, name: str, versions: Iterable[str]) -> None:
        """These are in doubt no longer: Envoy runs another, or none."""
        doubted = self._in_doubt.get(name, {})
        for version in versions:
            self._need_no_more(doubted.pop(version, ()))
        if not doubted:
            self._in_doubt.pop(name, None)

    def _need_no_more(self, needs: Iterable[Reference]) -> None:
        for need in needs:
            self.needed[need] -= 1
            if not self.needed[need]:
                del self.needed[need]

    def _judge(self, name: str) -> None:
        """Whether Envoy lacks it, or has too much with it."""
        desired, held = self._desired.get(name), self.held.get(name)
        is_current = desired is not None and held is not None and held.version == desired.version
        if desired is not None and is_current and name in self._unknown:
            self._unknown.discard(name)
            self.held[name] = Held(desired.version, desired.needs)
            self.needed.update(desired.needs)
        for names, is_one in (
            (self._behind, desired is not None and not is_current),
            (self._surplus, desired is None and (held is not None or name in self._in_doubt)),
            (self._missing, desired is None and name in self.names),
        ):
            (names.add if is_one else names.discard)(name)
