"""What policies are told: each ancestor once, nobody else's word touched, and nothing twice."""

import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.gateway.status.statuses import MOST_ANCESTORS, policy_status
from gatelab.gateway.translate.gateway_class import CONTROLLER_NAMES, GATELAB
from gatelab.gateway.translate.observations import ACCEPTED, holds
from gatelab.gateway.translate.outcome import AncestorOutcome
from gatelab.kinds.builtin import (
    BACKEND_TLS_POLICY,
    CONFIG_MAP,
    GATEWAY,
    GATEWAY_CLASS,
    GRPC_ROUTE,
    SERVICE,
)
from gatelab.kinds.objects import Key
from gateway_objects import gateway, gateway_class, grpc_route, service
from golden_cases import certificate_pair

Eventually = Callable[[Callable[[], Any]], Awaitable[Any]]
NOW = "2026-01-01T00:00:00Z"
POLICY = Key("default", "policy")
FOREIGN = {"ancestorRef": {"name": "theirs"}, "controllerName": "x.org/other", "conditions": []}


def policy() -> dict[str, Any]:
    reference = {"group": "", "kind": "ConfigMap", "name": "ca"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "BackendTLSPolicy",
        "metadata": {"name": "policy", "namespace": "default", "generation": 1, "creationTimestamp": NOW},
        "spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": "hello"}],
            "validation": {"hostname": "hello.test", "caCertificateRefs": [reference]},
        },
        "status": {"ancestors": [FOREIGN]},
    }


def bundle(text: str) -> dict[str, Any]:
    metadata = {"name": "ca", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": text}}


def told(gateways: int) -> Sequence[AncestorOutcome]:
    accepted = (holds(ACCEPTED, 1, message="fine"),)
    return [AncestorOutcome(Key("default", f"gw{index}"), GATELAB, accepted) for index in range(gateways)]


def test_there_are_at_most_sixteen_and_others_are_not_driven_out() -> None:
    status = policy_status(told(20), CONTROLLER_NAMES, {"ancestors": [FOREIGN, FOREIGN]}, NOW)
    assert len(status["ancestors"]) == MOST_ANCESTORS
    assert status["ancestors"][:2] == [FOREIGN, FOREIGN]
    full = {"ancestors": [FOREIGN] * MOST_ANCESTORS}
    assert policy_status(told(1), CONTROLLER_NAMES, full, NOW) == full


def test_a_condition_keeps_its_time_while_it_holds() -> None:
    before = policy_status(told(1), CONTROLLER_NAMES, {}, NOW)
    assert policy_status(told(1), CONTROLLER_NAMES, before, "2027-01-01T00:00:00Z") == before


@pytest.mark.usefixtures("running")
async def test_a_policy_is_told_of_the_gateways_that_use_it(cluster: FakeCluster, eventually: Eventually) -> None:
    def conditions() -> dict[str, tuple[str, str]]:
        entries = cluster.objects.get(BACKEND_TLS_POLICY, {}).get(POLICY, {}).get("status", {}).get("ancestors", ())
        ours = [each for each in entries if each["controllerName"] == GATELAB]
        assert FOREIGN in entries
        return {each["type"]: (each["status"], each["reason"]) for entry in ours for each in entry["conditions"]}

    await cluster.create(BACKEND_TLS_POLICY, policy())
    await cluster.create(GATEWAY_CLASS, gateway_class())
    await cluster.create(SERVICE, service())
    await cluster.create(GATEWAY, gateway())
    await cluster.create(GRPC_ROUTE, grpc_route())
    await eventually(lambda: conditions().get("Accepted") == ("False", "NoValidCACertificate"))
    assert conditions()["ResolvedRefs"] == ("False", "InvalidCACertificateRef")

    await cluster.create(CONFIG_MAP, bundle(certificate_pair()[0].decode()))
    await eventually(lambda: conditions().get("Accepted") == ("True", "Accepted"))
    written = copy.deepcopy(cluster.objects[BACKEND_TLS_POLICY][POLICY])
    assert [each["ancestorRef"]["name"] for each in written["status"]["ancestors"]] == ["theirs", "gw"]

    await cluster.patch(CONFIG_MAP, Key("default", "ca"), {"data": {"ca.crt": ""}})
    await eventually(lambda: conditions().get("Accepted") == ("False", "NoValidCACertificate"))

    await cluster.delete(GRPC_ROUTE, Key("default", "route"))
    await eventually(lambda: conditions() == {})
