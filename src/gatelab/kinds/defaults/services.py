"""Defaults of Services, and what an update keeps of what was allocated."""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.objects import Object

_NODE_PORT_TYPES = ("NodePort", "LoadBalancer")


def service(obj: Object) -> dict[str, Any]:
    spec = {"sessionAffinity": "None", "type": "ClusterIP", **(obj.get("spec") or {})}
    if spec["type"] != "ExternalName":
        spec = {"internalTrafficPolicy": "Cluster", "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"], **spec}
    if spec["type"] in _NODE_PORT_TYPES:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    if "ports" in spec:
        spec["ports"] = [_port(each) for each in spec["ports"]]
    return {**obj, "spec": spec, "status": {"loadBalancer": {}, **(obj.get("status") or {})}}


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    target = port.get("targetPort") or port.get("port")
    return {"protocol": "TCP", **port, **({} if target is None else {"targetPort": target})}


def with_allocated(obj: dict[str, Any], before: Object) -> dict[str, Any]:
    """The new Service with the cluster address and node ports of the old one, where it does not name them."""
    spec, old = dict(obj.get("spec") or {}), before.get("spec") or {}
    type_ = spec.get("type", "ClusterIP")
    if type_ != "ExternalName" and old.get("clusterIP") and not spec.get("clusterIP"):
        spec["clusterIP"] = old["clusterIP"]
        spec["clusterIPs"] = old.get("clusterIPs") or [old["clusterIP"]]
    if type_ in _NODE_PORT_TYPES:
        ports = {_place(each): each["nodePort"] for each in old.get("ports") or () if each.get("nodePort")}
        spec["ports"] = [_with_node_port(each, ports) for each in spec.get("ports") or ()]
    elif old.get("type") in _NODE_PORT_TYPES:
        spec["ports"] = [_without_node_port(each, old) for each in spec.get("ports") or ()]
    return {**obj, "spec": spec}


def _place(port: Mapping[str, Any]) -> tuple[Any, str]:
    return port.get("port"), port.get("protocol", "TCP")


def _with_node_port(port: Mapping[str, Any], allocated: Mapping[tuple[Any, str], int]) -> dict[str, Any]:
    node_port = port.get("nodePort") or allocated.get(_place(port))
    return {**port, "nodePort": node_port} if node_port else dict(port)


def _without_node_port(port: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """A patch of the type alone leaves the old node port in: nobody asked for it."""
    was = {each.get("nodePort") for each in old.get("ports") or ()}
    return {key: value for key, value in port.items() if key != "nodePort" or value not in was}
