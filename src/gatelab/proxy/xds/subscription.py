"""One resource type on one stream: what Envoy asked for, has, was sent and refused."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    the guilty ones are found.
    """

    wildcard: bool
    opened: bool = False
    answered: bool = False
    names: set[str] = field(default_factory=set)
    held: dict[str, Held] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, Rejection] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    suspects: deque[tuple[str, ...]] = field(default_factory=deque)
    in_flight: Delivery | None = None
    _unknown: set[str] = field(default_factory=set)
    _desired: Mapping[str, str] = field(default_factory=dict)
    _behind: set[str] = field(default_factory=set)

    def open(self, initial_versions: Mapping[str, str]) -> None:
        """Take over what Envoy has from an earlier stream."""
        self.opened = True
        self.held = {name: Held(version, None) for name, version in initial_versions.items()}
        self.versions = dict(initial_versions)
        self._unknown = set(self.held)
        self._desired = {}

    def subscribe(self, names: Iterable[str], already_had: Mapping[str, str]) -> None:
        """Envoy wants these. Unless it told a version along with it, it wants them now, whatever it had before."""
        for name in names:
            self.names.add(name)
            self.absent.discard(name)
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

    def learn(self, desired: Mapping[str, EncodedResource]) -> None:
        """Recognise, by version, the content of what Envoy had before this stream."""
        for name in [name for name in self._unknown if name in desired]:
            resource = desired[name]
            if name in self.held and self.held[name].version == resource.version:
                self.held[name] = Held(resource.version, resource.needs)
                self._unknown.discard(name)

    def behind(self, desired: Mapping[str, str]) -> set[str]:
        """Of these names with their versions, those that Envoy does not run so, or is to be sent again.

        All versions are compared only when others are desired than last time.
        """
        if desired is not self._desired:
            runs = self.versions.get
            self._desired = desired
            self._behind = {name for name, version in desired.items() if runs(name) != version}
        return self._behind | ((self.again | self.leaving) & desired.keys())

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

    def unanswered(self, desired: Mapping[str, EncodedResource]) -> frozenset[str]:
        """Names that Envoy waits for and that do not exist."""
        missing = self.names - desired.keys() - self.absent
        return frozenset(name for name in missing if name not in self.held or name in self.again)

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
                self.held[name] = Held(resource.version, resource.needs)
                self._runs(name, resource.version)
                self._unknown.discard(name)
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
            return
        for name, resource in delivery.resources.items():
            self.rejected[name] = Rejection(resource.version, message)
        for name in delivery.removed:
            self._forget(name)

    def _runs(self, name: str, version: str) -> None:
        self.versions[name] = version
        if self._desired.get(name, version) == version:
            self._behind.discard(name)
        else:
            self._behind.add(name)

    def _forget(self, name: str) -> None:
        self.held.pop(name, None)
        self.versions.pop(name, None)
        if name in self._desired:
            self._behind.add(name)
        self.rejected.pop(name, None)
        self._unknown.discard(name)
