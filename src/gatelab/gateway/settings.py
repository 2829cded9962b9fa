"""How data planes are made: the settings of the composition root."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from gatelab.gateway.translate.gateway_class import CILIUM, GATELAB
from gatelab.proxy import drain

ENVOY_IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.40.0"

AS_PROPOSED = "{gateway}-{gateway_class}"
"""GEP-1762."""
AS_CILIUM = "cilium-gateway-{gateway}"
CONTROLLERS: Mapping[str, str] = MappingProxyType({GATELAB: AS_PROPOSED, CILIUM: AS_CILIUM})
"""What a lab serves: how the objects of a data plane are called, by the `controllerName` of the Gateway's class."""


def naming(controller_name: str) -> str:
    """How a controller of that name calls the objects of a data plane: as Cilium does in its place, else GEP-1762."""
    return CONTROLLERS.get(controller_name, AS_PROPOSED)


DRAIN_HERE = (sys.executable, "-IS", drain.__file__)
"""For images that are programs of this machine. By its path: it starts in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class DataPlaneSettings:
    """`xds_socket` is the path of the Unix socket that the control plane serves xDS on, `image` the Envoy image.

    `bind` "service-address": Envoy's listeners are on the address of the Gateway's Service, which therefore needs no
    proxy before it (a lab, where every process can bind every 127.x address); "any": on every address of the pod.
    `run_dir` is where Envoys put their admin sockets, a short path: with a pod's uid it must stay under 107 bytes.
    `drain` is the command that drains the Envoy whose admin socket `ENVOY_ADMIN_SOCKET` names, run in the container
    before it is told to stop; with `bind` "any" Envoy drains itself when its ready port is asked to.
    `privileged_shift` is added to bound ports below 1024 where these cannot be bound (443 becomes 10443).
    `controllers` are the names under which the controller serves GatewayClasses, each with the pattern by which the
    objects of a data plane are called. Two processes that serve one name write over each other.
    """

    xds_socket: str
    image: str
    bind: Literal["service-address", "any"]
    run_dir: str
    ready_port: int = 19001
    drain: tuple[str, ...] = DRAIN_HERE
    privileged_shift: int = 0
    controllers: Mapping[str, str] = field(default_factory=lambda: CONTROLLERS)
