"""Ports of listeners: of which transport, and which one is bound where ports below 1024 are not permitted."""

from gatelab.kinds.gatewayapi import Listener

FIRST_UNPRIVILEGED_PORT = 1024


def bound_port(port: int, privileged_shift: int) -> int:
    """The port itself, or, if it is a privileged one, as many further on."""
    return port + privileged_shift if port < FIRST_UNPRIVILEGED_PORT else port


def transport_port(listener: Listener) -> tuple[str, int]:
    """The listener's port, among those of its transport: TCP, or UDP, which has ports of the same numbers."""
    return ("UDP" if listener.protocol == "UDP" else "TCP", listener.port)
