"""The ledger: which Service holds which addresses and ports.

It is what Services say at start, and what was given since. Each question is answered at once, without a wait in
between, so two Services never get the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gatelab.kinds.addresses import LOOPBACK, NODE_PORTS, PRIVATE, AddressRange
from gatelab.kinds.core import Service, ServicePort
from gatelab.kinds.objects import Key
from gatelab.services.pool import Pool, T

HEADLESS = "None"
WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not given: reason and message of an Event."""

    reason: str
    message: str


@dataclass(slots=True)
class Holding:
    """What one Service holds. NodePorts by number of the port and protocol, so that renaming a port keeps its own."""

    cluster_ip: str = ""
    node_ports: dict[tuple[int, str], int] = field(default_factory=dict)
    load_balancer_ip: str = ""
    problems: tuple[Problem, ...] = ()


class Ledger:
    """Gives and takes back."""

    def __init__(self, range_: AddressRange) -> None:
        self._range = range_
        self._cluster_ips = Pool(range_.cluster_ips)
        self._load_balancers = Pool(range_.load_balancers)
        self._node_ports = Pool(NODE_PORTS)
        self._holdings: dict[Key, Holding] = {}

    def recall(self, services: Iterable[Service]) -> None:
        """Reads back what Services have. Should two claim the same, the older one has it."""
        for service in sorted(services, key=lambda each: (each.metadata.creation_timestamp, each.metadata.key)):
            key, holding = service.metadata.key, self._holding(service.metadata.key)
            if self._cluster_ips.take(service.spec.cluster_ip, key):
                holding.cluster_ip = service.spec.cluster_ip
            for port in service.spec.ports:
                if port.node_port and self._node_ports.take(port.node_port, key):
                    holding.node_ports[_place(port)] = port.node_port
            for address in service.load_balancer_addresses[:1]:
                if self._load_balancers.take(address, key):
                    holding.load_balancer_ip = address

    def settle(self, service: Service) -> Holding:
        """What the Service is to have now: what it asks for, what it had, or something new; the rest is given back."""
        key = service.metadata.key
        before = self._holding(key)
        problems: list[Problem] = []
        after = Holding(
            self._cluster_ip(service, before, problems),
            self._ports(service, before, problems),
            self._load_balancer_ip(service, before, problems),
            tuple(problems),
        )
        self._holdings[key] = after
        self._give_back(key, before, after)
        return after

    def release(self, key: Key) -> None:
        """The Service is gone."""
        if before := self._holdings.pop(key, None):
            self._give_back(key, before, Holding())

    def _holding(self, key: Key) -> Holding:
        return self._holdings.setdefault(key, Holding())

    def _cluster_ip(self, service: Service, before: Holding, problems: list[Problem]) -> str:
        key, wanted = service.metadata.key, service.spec.cluster_ip
        if service.spec.type == "ExternalName" or wanted == HEADLESS:
            return ""
        if wanted and not self._is_of_another_range(wanted):
            return self._named("spec.clusterIP", self._cluster_ips, wanted, key, problems)
        given = before.cluster_ip or self._cluster_ips.allocate(key)
        if given is None:
            problems.append(Problem("ClusterIPNotAllocated", f"no ClusterIP is free in {self._range.cluster_ips}"))
        return given or ""

    def _is_of_another_range(self, address: str) -> bool:
        """Whether a lab gave the address while it had another range: nobody asked for it, so a new one will do."""
        octets = address.split(".")
        if len(octets) != 4 or not octets[1].isdecimal() or not 1 <= int(octets[1]) <= 254:
            return False
        other = AddressRange(int(octets[1]), PRIVATE if octets[0] == str(PRIVATE) else LOOPBACK)
        return other != self._range and address in other.cluster_ips

    def _ports(self, service: Service, before: Holding, problems: list[Problem]) -> dict[tuple[int, str], int]:
        key, given = service.metadata.key, dict[tuple[int, str], int]()
        if service.spec.type not in WITH_NODE_PORTS:
            return given
        wants_any = service.spec.type == "NodePort" or service.spec.allocate_load_balancer_node_ports
        for port in service.spec.ports:
            place = _place(port)
            if port.node_port:
                if self._node_ports.take(port.node_port, key):
                    given[place] = port.node_port
                else:
                    problems.append(self._refused("spec.ports[].nodePort", self._node_ports, port.node_port))
            elif wants_any and (number := before.node_ports.get(place) or self._node_ports.allocate(key)):
                given[place] = number
            elif wants_any:
                problems.append(Problem("NodePortNotAllocated", "no NodePort is free in 30000-32767"))
        return given

    def _load_balancer_ip(self, service: Service, before: Holding, problems: list[Problem]) -> str:
        key, wanted = service.metadata.key, service.spec.load_balancer_ip
        if service.spec.type != "LoadBalancer" or service.spec.load_balancer_class:
            return ""
        if wanted:
            return self._named("spec.loadBalancerIP", self._load_balancers, wanted, key, problems)
        given = before.load_balancer_ip or self._load_balancers.allocate(key)
        if given is None:
            message = f"no LoadBalancer address is free in {self._range.load_balancers}"
            problems.append(Problem("LoadBalancerIPNotAllocated", message))
        return given or ""

    def _named(self, path: str, pool: Pool[str], wanted: str, key: Key, problems: list[Problem]) -> str:
        if pool.take(wanted, key):
            return wanted
        problems.append(self._refused(path, pool, wanted))
        return ""

    def _refused(self, path: str, pool: Pool[T], wanted: T) -> Problem:
        ranges = {
            "spec.clusterIP": self._range.cluster_ips,
            "spec.loadBalancerIP": self._range.load_balancers,
            "spec.ports[].nodePort": "30000-32767",
        }
        if wanted not in pool:
            why = f"is not in this lab's range {ranges[path]}: leave it out, or choose one from there"
        else:
            why = f"is held by Service {pool.holder(wanted)}: leave it out, or choose another"
        return Problem("AddressNotAvailable", f"{path} {wanted} {why}")

    def _give_back(self, key: Key, before: Holding, after: Holding) -> None:
        if before.cluster_ip != after.cluster_ip:
            self._cluster_ips.release(before.cluster_ip, key)
        if before.load_balancer_ip != after.load_balancer_ip:
            self._load_balancers.release(before.load_balancer_ip, key)
        for number in set(before.node_ports.values()) - set(after.node_ports.values()):
            self._node_ports.release(number, key)


def _place(port: ServicePort) -> tuple[int, str]:
    return port.port, port.protocol
