"""What is behind a route's references, and what parameters of a class and of a Gateway come to together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import naive_spec as spec
from backend_strategies import gateway_class, good_parameters, reference, services, slices_of, tuning
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.kinds.objects import Object
from gateway_strategies import beside, made, result, unique
from golden_cases import endpoints_by_gateway

thoroughly = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
LISTENERS = [{"name": "l", "port": 80, "protocol": "HTTP"}, {"name": "u", "port": 90, "protocol": "UDP"}]
REFS = [{"name": name, "port": port} for name in ("a", "b") for port in (8080, 1)]


def routed(kind: str) -> Object:
    """To every port that a Service may have."""
    return made(kind, "one", "default", {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": REFS}]})


def gateway(**spec: Any) -> Object:
    return made("Gateway", "gw", "default", {"gatewayClassName": "gatelab", "listeners": LISTENERS, **spec})


@thoroughly
@given(st.lists(services, max_size=2), st.lists(slices_of(st.just("b"), least=1), min_size=1, max_size=3).map(unique))
def test_requests_go_to_who_serves(given_services: list[Object], given_slices: list[Object]) -> None:
    objects = beside([gateway(), routed("GRPCRoute"), routed("UDPRoute"), *given_services, *given_slices])
    (found,) = endpoints_by_gateway(objects, result(objects)).values()
    told = {name: {(each.address, each.port) for each in endpoints} for name, endpoints in found.items()}
    expected = {name: spec.servers(service, port, given_slices) for name, service, port in ports(objects)}
    assert told == expected


def ports(objects: Sequence[Object]) -> Iterator[tuple[str, str, Object]]:
    """What the routes' references lead to: the backend's name, the Service, its port."""
    for obj in objects:
        if obj["kind"] != "Service" or obj["metadata"]["namespace"] != "default":
            continue
        service, spec_ = obj["metadata"]["name"], obj["spec"]
        for port in spec_["ports"] if spec_.get("type") != "ExternalName" else ():
            whole = {"protocol": "TCP", **port}
            is_udp = whole["protocol"] == "UDP"
            can_be_spoken = is_udp or port.get("appProtocol") not in ("https", "kubernetes.io/ws")
            if can_be_spoken and {"name": service, "port": port["port"]} in REFS:
                yield f"default/{service}:{port['port']}{'/udp' if is_udp else ''}", service, whole


@thoroughly
@given(good_parameters, good_parameters)
def test_a_gateway_goes_before_its_class_key_by_key(of_class: Mapping[str, str], own: Mapping[str, str]) -> None:
    apart = outcome(of_class, own)
    assert apart.is_accepted
    assert apart == outcome({}, {**of_class, **own})
    assert apart == outcome({**of_class, **own}, {})


def outcome(of_class: Mapping[str, str], own: Mapping[str, str]) -> GatewayOutcome:
    found = result(
        [
            gateway_class(reference("defaults", "other")),
            tuning("defaults", "other", of_class),
            gateway(infrastructure=reference("own")),
            tuning("own", "default", own),
            routed("GRPCRoute"),
        ]
    )
    (gateway_,) = found.gateways.values()
    return gateway_
