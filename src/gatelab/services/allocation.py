"""Services get their addresses and ports, and the fields that say so."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.kinds.addresses import AddressRange
from gatelab.kinds.builtin import SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.kinds.views import view
from gatelab.reconcile import Mirrors, Recorder, Watches, write_status
from gatelab.services.ledger import WITH_NODE_PORTS, Holding, Ledger, Problem

_RETRY_S = 5.0
"""An address that somebody holds may be given back."""


class AllocationController:
    """Allocates ClusterIPs, NodePorts and LoadBalancer addresses."""

    name = "service-allocation-controller"

    def __init__(self, cluster: Cluster, range_: AddressRange) -> None:
        self._cluster = cluster
        self._range = range_
        self._recorder = Recorder(cluster, self.name)
        self._told: dict[Key, tuple[Problem, ...]] = {}

    def watches(self) -> Sequence[Watches]:
        return (Watches(SERVICE),)

    async def start(self, mirrors: Mirrors) -> None:
        self._services = mirrors.of(SERVICE)
        self._ledger = Ledger(self._range)
        self._ledger.recall(view(Service, each) for each in self._services.list())

    async def reconcile(self, key: Key) -> float | None:
        obj = self._services.get(key)
        if obj is None:
            self._ledger.release(key)
            self._told.pop(key, None)
            return None
        if is_being_deleted(obj):
            return None
        service = view(Service, obj)
        holding = self._ledger.settle(service)
        obj = await self._write_spec(key, obj, spec_fields(service, obj["spec"], holding))
        status = {**(obj.get("status") or {}), "loadBalancer": load_balancer_status(holding)}
        await write_status(self._cluster, SERVICE, obj, status)
        await self._tell(key, obj, holding.problems)
        return _RETRY_S if holding.problems else None

    async def _tell(self, key: Key, obj: Object, problems: tuple[Problem, ...]) -> None:
        """Once for each problem, not at every retry."""
        told = self._told.pop(key, ())
        if problems:
            self._told[key] = problems
        for problem in problems:
            if problem not in told:
                await self._recorder.event(obj, "Warning", problem.reason, problem.message)

    async def _write_spec(self, key: Key, obj: Object, fields: Mapping[str, Any]) -> Object:
        present = obj["spec"]
        changed = {name: value for name, value in fields.items() if present.get(name) != value}
        if not changed:
            return obj
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        return await self._cluster.patch(SERVICE, key, {"metadata": metadata, "spec": changed})


def load_balancer_status(holding: Holding) -> dict[str, Any]:
    """status.loadBalancer. `ipMode` VIP: the address is delivered as it is, not translated on the way."""
    if not holding.load_balancer_ip:
        return {}
    return {"ingress": [{"ip": holding.load_balancer_ip, "ipMode": "VIP"}]}


def spec_fields(service: Service, spec: Mapping[str, Any], holding: Holding) -> dict[str, Any]:
    """The fields of the spec that allocation decides, and their values; None for one that must not be there.

    A ClusterIP that was asked for and not given stays as asked, for its author to see.
    """
    if service.spec.type == "ExternalName":
        absent = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
        return dict.fromkeys(absent)
    address = holding.cluster_ip or service.spec.cluster_ip
    fields: dict[str, Any] = {
        "type": service.spec.type,
        "clusterIP": address or None,
        "clusterIPs": [address] if address else None,
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": service.spec.internal_traffic_policy or "Cluster",
        "sessionAffinity": service.spec.session_affinity,
    }
    is_external, is_balanced = service.spec.type in WITH_NODE_PORTS, service.spec.type == "LoadBalancer"
    fields["externalTrafficPolicy"] = (service.spec.external_traffic_policy or "Cluster") if is_external else None
    fields["allocateLoadBalancerNodePorts"] = service.spec.allocate_load_balancer_node_ports if is_balanced else None
    if spec.get("ports"):
        fields["ports"] = [_port(each, holding) for each in spec["ports"]]
    return fields


def _port(port: Mapping[str, Any], holding: Holding) -> dict[str, Any]:
    filled = {"protocol": "TCP", "targetPort": port["port"], **port}
    number = holding.node_ports.get((port["port"], filled["protocol"]))
    filled.pop("nodePort", None)
    return {**filled, "nodePort": number} if number else filled
