"""The whole of what one proxy shall do."""

from dataclasses import dataclass

from gatelab.proxy.model.backends import Backend
from gatelab.proxy.model.listeners import Listener
from gatelab.proxy.model.routes import RouteTable
from gatelab.proxy.model.tls import Authorities, Certificate


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """Everything that one proxy shall do, but for the endpoints. The empty one does nothing."""

    listeners: tuple[Listener, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    backends: tuple[Backend, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    authorities: tuple[Authorities, ...] = ()
    """Named apart from the certificates: Envoy has one space of names for both."""
