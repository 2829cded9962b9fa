"""What `gatelab status -o json` prints. Addresses are as clients need them; memory is PSS in bytes, CPU in cores."""

import msgspec


class Process(msgspec.Struct, frozen=True):
    """One process of the lab. `of` is what it is: `agent`, `control-plane`, ..., or `pod`, with `name` to say which."""

    of: str
    pid: int
    name: str = ""
    container: str = ""
    address: str = ""
    memory_bytes: int = 0
    cpu_cores: float | None = None
    """Of pods only, as `kubectl top` has it; None before the first measurement."""


class ListenerReport(msgspec.Struct, frozen=True):
    """A listener; of a ListenerSet it is called namespace/set/name.

    `bound_port` differs from `port` where ports below 1024 are not permitted.
    """

    name: str
    protocol: str
    port: int
    bound_port: int
    hostname: str
    attached_routes: int


class GatewayReport(msgspec.Struct, frozen=True):
    """A Gateway; `listeners` are its own and those of its ListenerSets.

    `hostnames` are those of the listeners and of the routes that these accepted.
    """

    name: str
    class_name: str
    addresses: tuple[str, ...]
    listeners: tuple[ListenerReport, ...]
    hostnames: tuple[str, ...]
    routes: tuple[str, ...]


class ServiceReport(msgspec.Struct, frozen=True):
    """A Service; `ports` as `port/protocol` or `port:nodePort/protocol`."""

    name: str
    type: str
    cluster_ip: str
    external: tuple[str, ...]
    ports: tuple[str, ...]


class Problem(msgspec.Struct, frozen=True):
    """Something that is not as it should be, and the command that says more."""

    object: str
    what: str
    message: str
    look: str


class StatusReport(msgspec.Struct, frozen=True):
    """The whole."""

    lab: str
    ready: bool
    started_at: str
    api: str
    dns: str
    kubeconfig: str
    images: str
    state: str
    privileged_shift: int
    processes: tuple[Process, ...]
    gateways: tuple[GatewayReport, ...]
    services: tuple[ServiceReport, ...]
    problems: tuple[Problem, ...]
