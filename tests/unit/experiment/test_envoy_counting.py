"""Envoys that are read through a cluster's API, while they and their backends come and go."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from envoy_answers import clusters
from gatelab.cluster.port import Cluster
from gatelab.experiment.envoys.counting import EnvoyCounting
from gatelab.experiment.envoys.endpoint_names import EndpointNames
from gatelab.experiment.routes.route import Routed, RoutedBackend, Unknown
from gatelab.kinds.builtin import ENDPOINT_SLICE, POD
from gatelab.kinds.errors import NotFound
from gatelab.kinds.objects import Key

MakeCluster = Callable[..., Cluster]
ROUTED = Routed(
    Key("shop", "front"),
    "shop/calls rule 0",
    (RoutedBackend(Key("shop", "till"), 80, 0.75), RoutedBackend(Key("shop", "canary"), 80, 0.25)),
)


class Envoys:
    """Pods behind an API: what each one's Envoy has sent to each endpoint of each backend."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, dict[tuple[str, int], int]]] = {}
        self.removed: dict[tuple[str, str], int] = {}
        """By Envoy and backend, what endpoints had got that are no more."""

    async def get_from_pod(self, pod: Key, port: int, path: str, params: Mapping[str, str]) -> bytes:
        if pod.name not in self.sent or port != 19001:
            raise NotFound(f"pods {pod.name!r} not found")
        sent = self.sent[pod.name]
        if path == "/clusters":
            return clusters(**sent)
        lines = [
            f'envoy_cluster_upstream_rq_total{{envoy_cluster_name="{name.replace(":", "_")}"}} '
            f"{sum(hosts.values()) + self.removed.get((pod.name, name), 0)}"
            for name, hosts in sent.items()
        ]
        return "\n".join([*lines, "envoy_server_concurrency{} 2"]).encode()


def envoy_pod(name: str, *, restarts: int = 0, port: str = "ready") -> tuple[Any, dict[str, Any]]:
    labels = {"gateway.networking.k8s.io/gateway-name": "front"}
    return POD, {
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "labels": labels},
        "spec": {"containers": [{"ports": [{"name": port, "containerPort": 19001}]}]},
        "status": {"phase": "Running", "containerStatuses": [{"restartCount": restarts}]},
    }


def slice_of(service: str, **pods: str) -> tuple[Any, dict[str, Any]]:
    endpoints = [{"addresses": [address], "targetRef": {"name": pod}} for pod, address in pods.items()]
    metadata = {"name": service, "namespace": "shop", "labels": {"kubernetes.io/service-name": service}}
    return ENDPOINT_SLICE, {"metadata": metadata, "ports": [{"name": "", "port": 80}], "endpoints": endpoints}


A, B, C = ("10.0.0.1", 80), ("10.0.0.2", 80), ("10.0.0.3", 80)


async def test_a_run_with_all_that_may_happen(make_cluster: MakeCluster) -> None:
    """Two Envoys; one is started again, a third one comes; a pod goes."""
    slices = [slice_of("till", a="10.0.0.1", b="10.0.0.2"), slice_of("canary", c="10.0.0.3")]
    cluster: Any = make_cluster([*slices, envoy_pod("e1"), envoy_pod("e2"), envoy_pod("e0", port="http")])
    envoys = Envoys()
    envoys.sent = {
        "e1": {"shop/till:80": {A: 100, B: 100}, "shop/canary:80": {C: 70}},
        "e2": {"shop/till:80": {A: 50, B: 50}, "shop/canary:80": {C: 30}},
    }
    names = EndpointNames(ROUTED, cluster)
    counting = EnvoyCounting(ROUTED, names, cluster, envoys)
    assert await counting.begin() is None
    assert names.expected_shares() == {"a": 0.375, "b": 0.375, "c": 0.25}

    envoys.sent["e1"] = {"shop/till:80": {A: 110, B: 110}, "shop/canary:80": {C: 75}}
    await counting.sample()
    cluster.objects[0] = slice_of("till", a="10.0.0.1")
    cluster.objects[3] = envoy_pod("e2", restarts=1)
    cluster.objects.append(envoy_pod("e3"))
    envoys.sent["e1"] = {"shop/till:80": {A: 120}, "shop/canary:80": {C: 80}}
    envoys.removed["e1", "shop/till:80"] = 113
    envoys.sent["e2"] = {"shop/till:80": {A: 60}, "shop/canary:80": {C: 0}}
    envoys.sent["e3"] = {"shop/till:80": {A: 5}, "shop/canary:80": {C: 1}}
    found = await counting.finish()

    assert found.pods == {"a": 20 + 60 + 5, "b": 13, "c": 10 + 0 + 1}
    assert found.backends == {"shop/till:80": 98, "shop/canary:80": 11}
    assert (found.envoys, found.workers, found.readings, found.unattributed) == (4, 6, 3, 0)
    assert found.notes[0].startswith("1 of the Gateway's Envoys ended during the load")
    assert found.notes[1] == "1 pods left during the load: b"
    assert names.by_backend(found.pods) == {"shop/till:80": 98, "shop/canary:80": 11}
    assert [text for _, text in names.seen] == ["pod b has gone"]


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([], "no pod of Gateway shop/front has a port `ready`: only Envoys of gatelab's own controller"),
        ([envoy_pod("cilium", port="http")], "no pod of Gateway shop/front has a port `ready`"),
        ([envoy_pod("e9")], "the counters of Gateway shop/front's Envoys cannot be read: pods 'e9' not found"),
    ],
)
async def test_counters_that_are_not_to_be_had(make_cluster: MakeCluster, pods: list[Any], said: str) -> None:
    cluster = make_cluster([slice_of("till", a="10.0.0.1"), *pods])
    found = await EnvoyCounting(ROUTED, EndpointNames(ROUTED, cluster), cluster, Envoys()).begin()
    assert isinstance(found, Unknown)
    assert found.reason.startswith(said)


async def test_an_answer_that_is_no_envoys(make_cluster: MakeCluster) -> None:
    class Other(Envoys):
        async def get_from_pod(self, *_: Any) -> bytes:
            return b"hello"

    cluster = make_cluster([envoy_pod("e1")])
    found = await EnvoyCounting(ROUTED, EndpointNames(ROUTED, cluster), cluster, Other()).begin()
    assert isinstance(found, Unknown)
    assert "pod e1 does not answer as Envoy does" in found.reason


async def test_a_pod_of_two_backends_cannot_be_told_apart(make_cluster: MakeCluster) -> None:
    cluster = make_cluster([slice_of("till", a="10.0.0.1"), slice_of("canary", a="10.0.0.1")])
    names = EndpointNames(ROUTED, cluster)
    await names.look_up()
    assert names.by_backend({"a": 5}) is None
    assert names.expected_shares() == {"a": 1.0}
