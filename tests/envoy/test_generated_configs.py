"""Whatever generated Gateways and routes come to, a real Envoy accepts it, and other traffic does not notice."""

import asyncio
import dataclasses
import socket

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gatelab.gateway.translate import translate
from gatelab.kinds.objects import Object
from gatelab.proxy.model import HttpChain, Listener, ProxyConfig
from gateway_strategies import gateways, objects, unique
from golden_cases import endpoints_by_gateway, shared_objects, snapshot
from proxy_configs import ADDRESS, PORT, greetings_to, proxy_config, table
from running_envoy import RunningEnvoy, grpc_backends, traffic
from running_lab import wait_until

pytestmark = pytest.mark.envoy

UNPRIVILEGED = 20_000
STEADY = Listener("steady", ADDRESS, PORT, (HttpChain("steady", "steady"),))


def generated(count: int) -> list[list[Object]]:
    """Lists of objects, the same every time. Envoy is asked about them in one go, so they are collected first."""
    found: list[list[Object]] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(gateways, objects)
    def collect(gateway: Object, these: list[Object]) -> None:
        found.append(unique([gateway, *these]))

    collect()
    return found


def beside(steady: ProxyConfig, config: ProxyConfig) -> ProxyConfig:
    """Both, in one proxy."""
    fields = [each.name for each in dataclasses.fields(ProxyConfig)]
    return ProxyConfig(**{name: (*getattr(steady, name), *getattr(config, name)) for name in fields})


async def released(wanted: ProxyConfig, before: ProxyConfig) -> None:
    """Returns when the addresses of new listeners can be bound. Envoy's workers close those of removed listeners a
    little after it has acknowledged the removal; a lab waits for that and tries again (`proxy.taken_address`).
    """
    held = {(each.name, each.address, each.port) for each in before.listeners}
    new = [each for each in wanted.listeners if (each.name, each.address, each.port) not in held]
    await asyncio.to_thread(
        wait_until, lambda: all(can_be_bound(each.address, each.port) for each in new), "the addresses are free"
    )


def can_be_bound(address: str, port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((address, port))
            candidate.listen()
        except OSError:
            return False
    return True


async def test_envoy_accepts_whatever_is_generated(envoy: RunningEnvoy) -> None:
    steady = dataclasses.replace(
        proxy_config(greetings_to("steady"), backends=("steady",), listener=STEADY),
        route_tables=(table(greetings_to("steady"), name="steady"),),
    )
    accepted, before = 0, steady
    async with grpc_backends(["127.23.2.9"]) as backends:
        mine = {"steady": backends.endpoints}
        await envoy.accept(steady, mine)
        async with traffic(f"{ADDRESS}:{PORT}", callers=1, every_s=0.02) as met:
            for these in generated(80):
                given_objects = (*shared_objects(), *these)
                translation = translate(snapshot(given_objects), privileged_shift=UNPRIVILEGED)
                endpoints = endpoints_by_gateway(given_objects, translation)
                for key, gateway in translation.gateways.items():
                    if gateway.config is not None and gateway.config.listeners:
                        wanted = beside(steady, gateway.config)
                        await released(wanted, before)
                        await envoy.accept(wanted, {**mine, **endpoints[key]})
                        before = wanted
                        accepted += 1
        assert set(met.answers) == set(backends.calls)
    assert accepted > 30
