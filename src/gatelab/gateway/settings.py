"""How data planes are made: the settings of the composition root."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DataPlaneSettings:
    """`xds_socket` is the path of the Unix socket that the control plane serves xDS on, `image` the Envoy image.

    `bind` "service-address": Envoy's listeners are on the address of the Gateway's Service, which therefore needs no
    proxy before it (a lab, where every process can bind every 127.x address); "any": on every address of the pod.
    `run_dir` is where Envoys put their admin sockets, a short path: with a pod's uid it must stay under 107 bytes.
    `privileged_shift` is added to bound ports below 1024 where these cannot be bound (443 becomes 10443).
    """

    xds_socket: str
    image: str
    bind: Literal["service-address", "any"]
    run_dir: str
    ready_port: int = 19001
    privileged_shift: int = 0
