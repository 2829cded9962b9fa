"""How long each proxy has been without an Envoy: a moment is no news, for a control plane that has just started or an
Envoy that reconnects.
"""

from collections.abc import Callable

SETTLING_S = 10.0
"""How long a proxy that was programmed may be without an Envoy before its Gateway says so."""


class Connections:
    """Remembers since when proxies are disconnected; `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lost_at: dict[str, float] = {}

    def observe(self, proxy: str, connected: bool) -> None:
        """Takes note of what is so now. A proxy that was never seen counts from here."""
        if connected:
            self._lost_at.pop(proxy, None)
        else:
            self._lost_at.setdefault(proxy, self._clock())

    def settling_s(self, proxy: str) -> float:
        """For how many more seconds its absence is no news; 0 if it is news or there is no absence."""
        lost_at = self._lost_at.get(proxy)
        return 0.0 if lost_at is None else max(0.0, lost_at + SETTLING_S - self._clock())

    def forget(self, proxy: str) -> None:
        """The proxy is gone for good."""
        self._lost_at.pop(proxy, None)
