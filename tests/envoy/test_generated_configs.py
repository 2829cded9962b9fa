"""Whatever generated Gateways and routes come to, a real Envoy accepts it, and other traffic does not notice."""

import dataclasses

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fuzz_profile import count
from gatelab.gateway.translate import translate
from gatelab.kinds.objects import Object
from gatelab.proxy.model import HttpChain, Listener, ProxyConfig
from gateway_strategies import gateways, objects, unique
from golden_cases import endpoints_by_gateway, shared_objects, snapshot
from proxy_configs import ADDRESS, PORT, greetings_to, proxy_config, table
from running_envoy import RunningEnvoy, grpc_backends, traffic

pytestmark = [pytest.mark.envoy, pytest.mark.timeout(max(60, count(0)))]

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


def at_an_address_of_its_own(config: ProxyConfig, number: int) -> ProxyConfig:
    """Envoy's workers close the sockets of a listener some time after it has acknowledged its removal: the next example
    must not need the same address. (A lab tries again until it is free: `proxy.taken_address`.)
    """
    address = f"127.24.{1 + number // 200}.{number % 200 + 1}"
    return dataclasses.replace(
        config, listeners=tuple(dataclasses.replace(each, address=address) for each in config.listeners)
    )


async def test_envoy_accepts_whatever_is_generated(envoy: RunningEnvoy) -> None:
    steady = dataclasses.replace(
        proxy_config(greetings_to("steady"), backends=("steady",), listener=STEADY),
        route_tables=(table(greetings_to("steady"), name="steady"),),
    )
    accepted = 0
    async with grpc_backends(["127.23.2.9"]) as backends:
        mine = {"steady": backends.endpoints}
        await envoy.accept(steady, mine)
        async with traffic(f"{ADDRESS}:{PORT}", callers=1, every_s=0.02) as met:
            for these in generated(count(80)):
                given_objects = (*shared_objects(), *these)
                translation = translate(snapshot(given_objects), privileged_shift=UNPRIVILEGED)
                endpoints = endpoints_by_gateway(given_objects, translation)
                for key, gateway in translation.gateways.items():
                    if gateway.config is not None and gateway.config.listeners:
                        config = at_an_address_of_its_own(gateway.config, accepted)
                        await envoy.accept(beside(steady, config), {**mine, **endpoints[key]})
                        accepted += 1
        assert set(met.answers) == set(backends.calls)
    assert accepted > 30
