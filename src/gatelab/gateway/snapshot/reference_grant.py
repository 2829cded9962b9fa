"""ReferenceGrants: which references may leave their namespace (ReferenceGrant API, GEP-709)."""

from collections.abc import Iterable
from dataclasses import dataclass

from gatelab.kinds.gatewayapi import GROUP, ReferenceGrant
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Referrer:
    """Who refers: a kind of the Gateway API, in a namespace."""

    kind: str
    namespace: str
    group: str = GROUP


@dataclass(frozen=True, slots=True)
class Grants:
    """All that is granted. Each entry of a grant's `from` goes with each of its `to`."""

    _granted: frozenset[tuple[Referrer, str, str, Key]] = frozenset()
    """Who may refer to what: group, kind, and key, whose name is "" for every object of the namespace."""

    def allow(self, referrer: Referrer, group: str, kind: str, target: Key) -> bool:
        """Whether the reference may be followed; within a namespace it always may."""
        return referrer.namespace == target.namespace or any(
            (referrer, group, kind, Key(target.namespace, name)) in self._granted for name in (target.name, "")
        )


NO_GRANTS = Grants()


def grants(objects: Iterable[ReferenceGrant]) -> Grants:
    """What these objects grant, each for its own namespace."""
    return Grants(
        frozenset(
            (
                Referrer(source.kind, source.namespace, source.group),
                to.group,
                to.kind,
                Key(each.metadata.namespace, to.name),
            )
            for each in objects
            for source in each.spec.from_
            for to in each.spec.to
        )
    )
