"""What a translation yields: per Gateway a model and verdicts, per route a verdict for each parent, per class one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gatelab.gateway.parameters import NO_PARAMETERS, Parameters
from gatelab.gateway.snapshot import RouteId
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import Gateway, Listener, ListenerSet, ParentReference, RouteGroupKind
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap
from gatelab.proxy.model import Authorities, Certificate, ClientValidation, ProxyConfig, SubjectName


@dataclass(frozen=True, slots=True)
class BackendTls:
    """TLS to a Service port, but for the certificate by which a Gateway says who it is."""

    server_name: str
    authorities: Authorities
    names: tuple[SubjectName, ...]


@dataclass(frozen=True, slots=True)
class ServicePortName:
    """A port of a Service, by name ("" if it has none): what EndpointSlices resolve; and what is spoken to it."""

    service: Key
    port: str
    protocol: Literal["http1", "http2", "tcp", "udp"] = "http2"
    tls: BackendTls | None = None


@dataclass(frozen=True, slots=True)
class ListenerVerdict:
    """What the spec says of one listener, before any proxy is asked.

    `is_servable` is whether there is anything to program: accepted, without conflict, with a certificate if it needs
    one and at least one kind of route that it can carry. `clients` are asked for a certificate of one of `authorities`.
    """

    listener: Listener
    supported_kinds: tuple[RouteGroupKind, ...]
    conditions: tuple[Condition, ...]
    certificates: tuple[Certificate, ...] = ()
    authorities: Authorities | None = None
    clients: ClientValidation | None = None
    is_servable: bool = False
    listener_set: Key | None = None
    """The ListenerSet that it is an entry of; None if it is the Gateway's own."""

    @property
    def id(self) -> str:
        """What it is called among all listeners of the Gateway: its name, or namespace/set/name for a set's entry.

        A name has no "/" (SectionName); entries of several sets may have the same one.
        """
        return f"{self.listener_set}/{self.listener.name}" if self.listener_set else self.listener.name

    def condition(self, type_: str) -> Condition | None:
        return next((each for each in self.conditions if each.type == type_), None)

    @property
    def is_resolved(self) -> bool:
        return _holds(self.conditions, "ResolvedRefs")

    @property
    def is_accepted(self) -> bool:
        return _holds(self.conditions, "Accepted")


@dataclass(frozen=True, slots=True)
class Placement:
    """The resources of the model that a listener lives in, and so what must be acknowledged for it to be served."""

    listener: str
    route_table: str = ""
    """"" for a listener of layer 4, which has none."""
    certificates: frozenset[str] = frozenset()
    backends: Collection[str] = frozenset()
    backend_secrets: frozenset[str] = frozenset()
    """What the backends need of certificates and authorities; the listener itself does without."""


@dataclass(frozen=True, slots=True)
class ListenerOutcome:
    verdict: ListenerVerdict
    attached_routes: int
    placement: Placement | None
    """None while there is nothing that a proxy could be asked about."""


@dataclass(frozen=True, slots=True)
class ListenerSetOutcome:
    """One ListenerSet of a Gateway: what to say of it. A set that is not allowed has no listeners."""

    listener_set: ListenerSet
    accepted: Condition
    listeners: tuple[ListenerOutcome, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.accepted.status == "True"


@dataclass(frozen=True, slots=True)
class GatewayOutcome:
    """One Gateway: its model, and what to say of it. `config` is None while its data plane has no address.

    `listeners` are its own and, after these, those of its sets.
    """

    gateway: Gateway
    controller_name: str
    accepted: Condition
    listeners: tuple[ListenerOutcome, ...]
    others: tuple[Condition, ...] = ()
    """Its conditions beside Accepted and Programmed."""
    config: ProxyConfig | None = None
    backends: Mapping[str, ServicePortName] = field(default_factory=dict)
    listener_sets: tuple[ListenerSetOutcome, ...] = ()
    parameters: Parameters = NO_PARAMETERS

    @property
    def own_listeners(self) -> tuple[ListenerOutcome, ...]:
        return tuple(each for each in self.listeners if each.verdict.listener_set is None)

    @property
    def is_accepted(self) -> bool:
        return self.accepted.status == "True"


@dataclass(frozen=True, slots=True)
class ParentOutcome:
    """What a route is told about one of its parents, and the Gateway's listeners (by id) that took it."""

    reference: ParentReference
    controller_name: str
    conditions: tuple[Condition, ...]
    gateway: Key
    listeners: frozenset[str] = frozenset()

    @property
    def is_accepted(self) -> bool:
        return _holds(self.conditions, "Accepted")


@dataclass(frozen=True, slots=True)
class AncestorOutcome:
    """What a policy is told about a Gateway that its targets are backends of."""

    gateway: Key
    controller_name: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """Everything that follows from a snapshot, for the classes of `controller_names`."""

    classes: Mapping[str, Condition] = field(default_factory=dict)
    gateways: Mapping[Key, GatewayOutcome] = field(default_factory=dict)
    routes: PersistentMap[RouteId, tuple[ParentOutcome, ...]] = field(default_factory=PersistentMap)
    policies: Mapping[Key, tuple[AncestorOutcome, ...]] = field(default_factory=dict)
    orphans: tuple[ListenerSet, ...] = ()
    """The ListenerSets whose Gateway is not there, so that nobody else has a word to say of them."""
    problems: tuple[str, ...] = ()
    controller_names: frozenset[str] = frozenset()


def _holds(conditions: tuple[Condition, ...], type_: str) -> bool:
    return any(each.type == type_ and each.status == "True" for each in conditions)
