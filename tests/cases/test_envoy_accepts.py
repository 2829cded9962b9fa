"""Every case is accepted by a real Envoy; what it says otherwise is the message."""

import pytest

from gatelab.gateway.translate import translate
from golden_cases import Case, endpoints_by_gateway, shared_objects, snapshot
from running_envoy import RunningEnvoy

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

UNPRIVILEGED = 20_000


async def test_envoy_accepts_the_case(case: Case, cases_envoy: RunningEnvoy) -> None:
    objects = (*shared_objects(), *case.objects)
    translation = translate(snapshot(objects), privileged_shift=UNPRIVILEGED)
    endpoints = endpoints_by_gateway(objects, translation)
    for key, gateway in translation.gateways.items():
        if gateway.config is not None:
            await cases_envoy.accept(gateway.config, endpoints[key])
