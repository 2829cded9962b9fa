"""What the controller asks of whoever serves xDS; `proxy.xds.XdsServer` is one."""

from collections.abc import Callable
from typing import Protocol

from gatelab.proxy.model import Acceptance, Endpoints, ProxyConfig


class XdsPort(Protocol):
    """Delivers configurations to proxies, and knows how far these have come. No call blocks."""

    def publish(self, proxy: str, config: ProxyConfig) -> None: ...

    def publish_endpoints(self, proxy: str, endpoints: Endpoints) -> None: ...

    def remove(self, proxy: str) -> None: ...

    def acceptance(self, proxy: str) -> Acceptance: ...

    def subscribe(self, callback: Callable[[str], None]) -> None:
        """`callback` is called with a proxy's name after each change of its acceptance."""
        ...
