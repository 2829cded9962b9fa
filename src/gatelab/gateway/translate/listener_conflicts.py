"""Conflicts of listeners on a port (Gateway API, `GatewaySpec.listeners`; GEP-1713).

Listeners are distinct by port, protocol and hostname. HTTP listeners share a port by Host, HTTPS and TLS listeners by
SNI; a TCP listener shares its port with none, and a UDP listener has another port of the same number. Of one object's
listeners that are not distinct none is accepted: "the implementation MUST NOT pick one conflicting Listener as the
winner". Between a Gateway and its ListenerSets, and between these, there is a precedence, and the first one wins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.translate import listener_kinds
from gatelab.gateway.translate.bound_ports import transport_port
from gatelab.gateway.translate.hostnames import normal
from gatelab.gateway.translate.observations import CONFLICTED, fails, holds
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Listener

_HOSTED = {"HTTP": "HTTP", "HTTPS": "TLS", "TLS": "TLS"}
"""The protocols that tell listeners of a port apart by hostname; those that can share it are called alike."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Reason and sentence for a listener that is not distinct."""

    reason: str
    message: str


@dataclass(slots=True)
class _Port:
    """What has a port: protocols (several if they are at odds) and the hostnames of the listeners."""

    protocols: set[str] = field(default_factory=set)
    hostnames: set[str] = field(default_factory=set)

    def add(self, listener: Listener) -> None:
        self.protocols.add(listener.protocol)
        self.hostnames.add(normal(listener.hostname))


def conflicts(owners: Iterable[Sequence[Listener]]) -> tuple[tuple[Conflict | None, ...], ...]:
    """The conflict of each listener, if it has one. `owners` are the listeners of each object, in order of precedence.

    A listener that has lost to an owner of higher precedence is in nobody's way.
    """
    taken: dict[tuple[str, int], _Port] = {}
    found = []
    for listeners in owners:
        lost = {id(each): _lost(each, taken) for each in listeners}
        left = [each for each in listeners if _is_served(each) and lost[id(each)] is None]
        found.append(tuple(lost[id(each)] or _mutual(each, left) for each in listeners))
        for each in left:
            taken.setdefault(transport_port(each), _Port()).add(each)
    return tuple(found)


def conflicted(conflict: Conflict | None, generation: int) -> Condition:
    """Conflicted of a listener."""
    if conflict:
        return holds(CONFLICTED, generation, reason=conflict.reason, message=conflict.message)
    return fails(CONFLICTED, generation, reason="NoConflicts", message="no other listener of the Gateway is in its way")


def _lost(listener: Listener, taken: dict[tuple[str, int], _Port]) -> Conflict | None:
    """The conflict with listeners of higher precedence. They may be others' objects, so it names none of them."""
    port = taken.get(transport_port(listener))
    if port is None or not _is_served(listener):
        return None
    for protocol in sorted(port.protocols):
        if not _can_share(listener.protocol, protocol):
            message = f"a listener of higher precedence has port {listener.port} with protocol {protocol}"
            return Conflict("ProtocolConflict", message)
    if normal(listener.hostname) in port.hostnames:
        hostname = listener.hostname or "every hostname"
        message = f"a listener of higher precedence has {hostname} on port {listener.port}"
        return Conflict("HostnameConflict", message)
    return None


def _mutual(listener: Listener, listeners: Sequence[Listener]) -> Conflict | None:
    """The conflict with another listener of the same object."""
    if not _is_served(listener):
        return None
    others = [each for each in listeners if each is not listener and transport_port(each) == transport_port(listener)]
    for other in others:
        if not _can_share(other.protocol, listener.protocol):
            message = f"listener {other.name} has port {other.port} with protocol {other.protocol}"
            return Conflict("ProtocolConflict", message)
    for other in others:
        if normal(other.hostname) == normal(listener.hostname):
            hostname = listener.hostname or "every hostname"
            message = f"listener {other.name} has {hostname} on port {other.port} too"
            return Conflict("HostnameConflict", message)
    return None


def _is_served(listener: Listener) -> bool:
    return listener.protocol in listener_kinds.BY_PROTOCOL


def _can_share(one: str, other: str) -> bool:
    return one in _HOSTED and _HOSTED[one] == _HOSTED.get(other)
