"""Conflicts of listeners on a port (Gateway API, `GatewaySpec.listeners`).

Listeners of one Gateway are distinct by port, protocol and hostname. HTTP listeners share a port by Host, HTTPS
listeners by SNI. Of listeners that are not distinct none is accepted: the spec lets a Gateway serve "the partial
Listener set that contains no Conflicted Listeners".
"""

from collections.abc import Sequence

from gatelab.gateway.translate import listener_kinds
from gatelab.gateway.translate.hostnames import normal
from gatelab.gateway.translate.observations import CONFLICTED, fails, holds
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Listener


def conflict(listener: Listener, listeners: Sequence[Listener]) -> tuple[str, str] | None:
    """Reason and sentence if another listener of the port has another protocol or the same hostname."""
    if listener.protocol not in listener_kinds.BY_PROTOCOL:
        return None
    neighbours = [
        other
        for other in listeners
        if other is not listener and other.port == listener.port and other.protocol in listener_kinds.BY_PROTOCOL
    ]
    for other in neighbours:
        if other.protocol != listener.protocol:
            return "ProtocolConflict", f"listener {other.name} has port {other.port} with protocol {other.protocol}"
    for other in neighbours:
        if normal(other.hostname) == normal(listener.hostname):
            hostname = listener.hostname or "every hostname"
            return "HostnameConflict", f"listener {other.name} has {hostname} on port {other.port} too"
    return None


def conflicted(conflict: tuple[str, str] | None, generation: int) -> Condition:
    """Conflicted of a listener."""
    if conflict:
        return holds(CONFLICTED, generation, reason=conflict[0], message=conflict[1])
    return fails(CONFLICTED, generation, reason="NoConflicts", message="no other listener of the Gateway is in its way")
