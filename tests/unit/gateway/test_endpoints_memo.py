"""Endpoints from one state to the next: as if they were looked up anew, and only looked up where something changed."""

import random

import pytest

from gatelab.gateway.snapshot.snapshot import read
from gatelab.gateway.translate import endpoints as module
from gatelab.gateway.translate.endpoints import EndpointsMemo, endpoints
from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.objects import Key

Slices = dict[Key, tuple[EndpointSlice, ...]]


def service(number: int) -> Key:
    return Key("default", f"s{number}")


def slices_of(number: int, last: int) -> tuple[EndpointSlice, ...]:
    obj = {
        "metadata": {"name": f"s{number}-a", "namespace": "default"},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        "endpoints": [{"addresses": [f"10.0.{number}.{last}"], "conditions": {"ready": True}}],
    }
    return tuple(read(EndpointSlice, [obj], []).values())


def backend(number: int) -> ServicePortName:
    return ServicePortName(service(number), "http", "http1")


@pytest.mark.parametrize("seed", range(10))
def test_it_says_what_a_look_at_everything_says(seed: int) -> None:
    chance, memo = random.Random(seed), EndpointsMemo()
    backends: dict[str, ServicePortName] = {}
    slices = Slices()
    for _ in range(30):
        number = chance.randrange(4)
        if chance.random() < 0.5:
            backends = {name: target for name, target in backends.items() if name != f"b{number}"}
            if chance.random() < 0.7:
                backends[f"b{number}"] = backend(chance.randrange(4))
        else:
            slices = {key: own for key, own in slices.items() if key != service(number)}
            if chance.random() < 0.7:
                slices[service(number)] = slices_of(number, chance.randrange(1, 4))
        assert memo(backends, slices) == endpoints(backends, slices)


def test_one_changed_service_of_many_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    backends = {f"b{number}": backend(number) for number in range(100)}
    slices = {service(number): slices_of(number, 1) for number in range(100)}
    memo, looked_at = EndpointsMemo(), list[ServicePortName]()
    found = memo(backends, slices)
    of_port = module.of_port

    def counted(target: ServicePortName, own: tuple[EndpointSlice, ...]) -> object:
        looked_at.append(target)
        return of_port(target, own)

    monkeypatch.setattr(module, "of_port", counted)
    assert memo(dict(backends), slices) is found
    memo(backends, {**slices, service(7): slices_of(7, 2)})
    assert looked_at == [backend(7)]
