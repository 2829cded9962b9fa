"""What an experiment asks a cluster: the Service's pods, usage, the lab's names and certificates."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from gatelab.cluster.port import Cluster
from gatelab.experiment.backends import ReadyPod, find_backends
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.resolution import locate
from gatelab.experiment.usage import cpu_millicores, memory_bytes
from gatelab.kinds.builtin import (
    CLUSTER_ISSUER,
    CONFIG_MAP,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    ISSUER,
    NODE_METRICS,
    POD_METRICS,
    SECRET,
    SERVICE,
)

MakeCluster = Callable[..., Cluster]
EXPERIMENT = Experiment(experiment="x", target="shop.test:443", service="shop/till:80", proto="p", call="c")


def named(name: str, namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    labels = fields.pop("labels", {})
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}, **fields}


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"name": "grpc", "port": 80, "targetPort": "grpc"}, {"name": "other", "port": 81}]
    return named("till", spec={"clusterIP": "127.28.64.1", "selector": {"app": "till"}, "ports": ports, **spec})


def endpoint(pod: str, address: str, *, ready: bool = True) -> dict[str, Any]:
    return {"addresses": [address], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}}


SLICE = named(
    "till-abc",
    labels={"kubernetes.io/service-name": "till"},
    ports=[{"name": "grpc", "port": 8080}, {"name": "other", "port": 9}],
    endpoints=[endpoint("b", "127.28.1.2"), endpoint("a", "127.28.1.1"), endpoint("c", "127.28.1.3", ready=False)],
)


async def test_ready_endpoints_of_the_services_port(make_cluster: MakeCluster) -> None:
    template = {"metadata": {"labels": {"app": "till", "v": "1"}}}
    deployments = [
        named("till", spec={"replicas": 3, "template": template}),
        named("other", spec={"replicas": 9, "template": {"metadata": {"labels": {"app": "other"}}}}),
    ]
    objects = [(SERVICE, service()), (ENDPOINT_SLICE, SLICE), *((DEPLOYMENT, each) for each in deployments)]
    found = await find_backends(EXPERIMENT, make_cluster(objects))
    assert found.service == ("127.28.64.1", 80)
    assert found.pods == (ReadyPod("a", "127.28.1.1", 8080), ReadyPod("b", "127.28.1.2", 8080))
    assert found.wanted == 3


async def test_pods_without_a_deployment_are_as_many_as_they_are(make_cluster: MakeCluster) -> None:
    found = await find_backends(EXPERIMENT, make_cluster([(SERVICE, service()), (ENDPOINT_SLICE, SLICE)]))
    assert found.wanted == len(found.pods) == 2
    assert (await find_backends(EXPERIMENT, make_cluster([(SERVICE, service())]))).wanted == 1


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([], "there is no Service till in namespace shop"),
        ([(SERVICE, service(ports=[{"port": 81}]))], r"has no port 80 \(it has: 81\)"),
        ([(SERVICE, service(clusterIP="None"))], "has no ClusterIP"),
    ],
)
async def test_a_service_that_cannot_be_measured(make_cluster: MakeCluster, objects: Any, said: str) -> None:
    with pytest.raises(CouldNotRun, match=said):
        await find_backends(EXPERIMENT, make_cluster(objects))


async def test_usage_is_summed(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(
        [
            (POD_METRICS, named("a", containers=[{"usage": {"cpu": "1500000n"}}, {"usage": {"cpu": "2m"}}])),
            (POD_METRICS, named("elsewhere", "other", containers=[])),
            (NODE_METRICS, named("gatelab", "", usage={"memory": "2Ki", "cpu": "1"})),
            (NODE_METRICS, named("broken", "", usage={"memory": "much"})),
        ]
    )
    assert await cpu_millicores(cluster, "shop") == {"a": 3.5}
    assert await memory_bytes(cluster) == 2048
    assert await memory_bytes(make_cluster()) is None


@pytest.fixture
async def dns_server() -> AsyncIterator[str]:
    """Knows shop.test."""

    class Answers(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            query = dns.message.from_wire(data)
            answer = dns.message.make_response(query)
            if query.question[0].name.to_text() == "shop.test.":
                answer.answer.append(dns.rrset.from_text("shop.test.", 5, "IN", "A", "127.28.128.1"))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.transport.sendto(answer.to_wire(), addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Answers, local_addr=("127.28.0.5", 0))
    host, port = transport.get_extra_info("sockname")
    yield f"{host}:{port}"
    transport.close()


def lab(dns_address: str) -> tuple[Any, ...]:
    secret = {"tls.crt": base64.b64encode(b"PEM of the CA").decode()}
    return (
        (CONFIG_MAP, named("gatelab-lab", "kube-public", data={"dns": dns_address})),
        (CLUSTER_ISSUER, {"metadata": {"name": "ca"}, "spec": {"ca": {"secretName": "root"}}}),
        (CLUSTER_ISSUER, {"metadata": {"name": "self"}, "spec": {"selfSigned": {}}}),
        (ISSUER, named("own", spec={"ca": {"secretName": "absent"}})),
        (SECRET, named("root", "cert-manager", data=secret)),
    )


async def test_a_labs_name_is_found_and_its_ca_trusted(make_cluster: MakeCluster, dns_server: str) -> None:
    place = await locate("shop.test", make_cluster(lab(dns_server)))
    assert (place.address, place.trusted) == ("127.28.128.1", ("PEM of the CA",))
    assert dns_server in place.note


@pytest.mark.parametrize(("served_by", "port"), [({"gatelab.dev/served-by": "pod"}, 10443), ({}, 443)])
async def test_a_port_that_the_lab_may_not_bind_is_found_where_it_is(
    make_cluster: MakeCluster, dns_server: str, served_by: dict[str, str], port: int
) -> None:
    """Only where nothing translates: for other Services targetPort is the pods' business."""
    ports = [{"port": 443, "targetPort": 10443}, {"port": 8443, "targetPort": "https"}]
    metadata = {"name": "shop", "namespace": "test", "annotations": served_by}
    gateway = (SERVICE, {"metadata": metadata, "spec": {"ports": ports}})
    place = await locate("shop.test", make_cluster((*lab(dns_server), gateway)))
    assert (place.port(443), place.port(8443)) == (port, 8443)


async def test_other_names_are_the_systems_and_trust_nobody_more(make_cluster: MakeCluster, dns_server: str) -> None:
    cluster = make_cluster(lab(dns_server))
    for host in ("example.test", "127.0.0.1"):
        place = await locate(host, cluster)
        assert (place.address, place.trusted) == (host, ())


async def test_a_cluster_that_is_no_lab(make_cluster: MakeCluster) -> None:
    for cluster in (None, make_cluster()):
        assert (await locate("shop.test", cluster)).address == "shop.test"


async def test_a_cluster_out_of_reach_is_not_waited_for(make_cluster: MakeCluster, monkeypatch: Any) -> None:
    cluster = make_cluster()
    monkeypatch.setattr("gatelab.experiment.resolution.CLUSTER_TIMEOUT_S", 0.05)
    monkeypatch.setattr(cluster, "get", lambda *_: asyncio.Event().wait())
    assert (await locate("shop.test", cluster)).address == "shop.test"
