"""The composition root of the control plane: API server, store, controllers, xDS and DNS in one process.

Started by the node agent as `python -m gatelab.controlplane --name NAME --api-port PORT --octet A --dns-port PORT`; the
agent makes the token and the TLS files. It may be killed at any moment: what was acknowledged is in the
journal, and pods and Envoys serve on without it.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gatelab.apiserver import create_app, publish_definitions, serve
from gatelab.certs import controllers as cert_controllers
from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Cluster
from gatelab.dns import DnsController, PodDnsController, serve_dns
from gatelab.gateway import ENVOY_IMAGE, DataPlaneSettings, GatewayController
from gatelab.kinds.addresses import LOOPBACK, AddressRange
from gatelab.kinds.builtin import CONFIG_MAP, GATEWAY_CLASS, NAMESPACE
from gatelab.kinds.errors import AlreadyExists
from gatelab.kinds.kind import Kind
from gatelab.kinds.lab import CLUSTER_RESOURCE_NAMESPACE, LAB_CONFIG, NODE_LEASE_NAMESPACE
from gatelab.kinds.objects import Object
from gatelab.node.claims import privileged_shift
from gatelab.node.credentials import secret_values, wait_until_made
from gatelab.node.logs import FileLogs
from gatelab.node.place import LabPlace
from gatelab.proxy.xds import XdsServer
from gatelab.reconcile import Controller, Runtime
from gatelab.reconcile.garbage import Garbage
from gatelab.services import controllers as service_controllers
from gatelab.services import publish_api
from gatelab.store import JournalError, Store
from gatelab.telemetry.families import Counting, readings_of
from gatelab.telemetry.logs import LEVELS, log_to_file
from gatelab.workloads import RootAuthorityPublisher
from gatelab.workloads import controllers as workload_controllers

API_ADDRESS = "127.0.0.1"
HOSTS = frozenset({API_ADDRESS, "localhost", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"})
GATEWAY_CLASSES = {"gatelab": "gatelab.dev/gateway-controller", "cilium": "io.cilium/gateway-controller"}
NAMESPACE_GRACE_S = 1.0
"""Long enough for `kubectl delete -f` to find what is in the namespace that it has just deleted."""
NAMESPACES = ("default", "kube-system", "kube-public", NODE_LEASE_NAMESPACE, CLUSTER_RESOURCE_NAMESPACE)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the agent decided. The API listens on 127.0.0.1, DNS on the node's address."""

    place: LabPlace
    api_port: int
    dns_port: int
    addresses: AddressRange


async def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, or until a part of it fails, which ends them all."""
    store = Store.open(settings.place.journal, namespace_grace_s=NAMESPACE_GRACE_S)
    try:
        async with asyncio.TaskGroup() as tasks:
            parts = tasks.create_task(_run_parts(store, settings))
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, parts.cancel)
    finally:
        await store.close()


async def _run_parts(store: Store, settings: Settings) -> None:
    place = settings.place
    cluster = EmbeddedCluster(store)
    await publish_definitions(store)
    await _create_first_objects(cluster, settings)
    dns = DnsController()
    data_plane = DataPlaneSettings(
        xds_socket=str(place.xds_socket),
        image=ENVOY_IMAGE,
        bind="service-address",
        run_dir=str(place.run),
        privileged_shift=privileged_shift(str(settings.addresses.node)),
    )
    controllers: list[Controller] = [
        dns,
        PodDnsController(dns.zone),
        *workload_controllers(cluster),
        RootAuthorityPublisher(cluster, place.ca_certificate.read_text()),
        *service_controllers(cluster, settings.addresses),
        *cert_controllers(cluster),
    ]
    runtime = Runtime(cluster, controllers)
    async with (
        serve_dns(dns.zone, settings.addresses.node, settings.dns_port),
        XdsServer(f"unix:{place.xds_socket}") as xds,
        asyncio.TaskGroup() as tasks,
    ):
        gateways = GatewayController(cluster, xds, data_plane)
        counting: list[Counting] = [store, runtime, gateways, xds]
        app = create_app(
            store,
            token=place.token.read_text().strip(),
            hosts=HOSTS,
            logs=FileLogs(place.pod_logs),
            readings=lambda: readings_of(counting),
            node_socket=place.agent_socket,
        )
        tasks.create_task(
            serve(app, port=settings.api_port, certificate=place.api_certificate, key=place.api_key), name="API"
        )
        tasks.create_task(Garbage().run(), name="garbage")
        tasks.create_task(runtime.run(), name="controllers")
        tasks.create_task(gateways.run(), name="gateway")


async def _create_first_objects(cluster: Cluster, settings: Settings) -> None:
    """What a cluster has before anybody applies anything. What is there already is left as it is."""
    for name in NAMESPACES:
        await _create(cluster, NAMESPACE, {"metadata": {"name": name}})
    for name, controller in GATEWAY_CLASSES.items():
        await _create(cluster, GATEWAY_CLASS, {"metadata": {"name": name}, "spec": {"controllerName": controller}})
    await publish_api(cluster, API_ADDRESS, settings.api_port)
    dns = f"{settings.addresses.node}:{settings.dns_port}"
    where = {"metadata": LAB_CONFIG._asdict()}
    data = {"dns": dns, "name": settings.place.name}
    await _create(cluster, CONFIG_MAP, {**where, "data": data})
    # A lab that starts from kept state may have got another range of addresses.
    await cluster.patch(CONFIG_MAP, LAB_CONFIG, {"data": data})


async def _create(cluster: Cluster, kind: Kind, obj: Object) -> None:
    try:
        await cluster.create(kind, {"apiVersion": kind.api_version, "kind": kind.name, **obj})
    except AlreadyExists:
        return


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line that the agent uses."""
    parser = argparse.ArgumentParser(prog="python -m gatelab.controlplane", description=__doc__)
    parser.add_argument("--name", required=True, help="the lab's name")
    parser.add_argument("--api-port", type=int, required=True, help="port of the API on 127.0.0.1")
    parser.add_argument("--dns-port", type=int, required=True, help="port of DNS on the node's address")
    parser.add_argument("--octet", type=int, required=True, help="the lab owns 127.OCTET.0.0/16")
    parser.add_argument("--network", type=int, default=LOOPBACK, help="instead of 127")
    parser.add_argument("--log-level", choices=LEVELS, default="info", help="from which on lines are logged")
    given = parser.parse_args(arguments)
    place = LabPlace.named(given.name)
    wait_until_made(place)
    log_to_file(place.controlplane_log, given.log_level, secrets=secret_values(place), takes_output=True)
    settings = Settings(place, given.api_port, given.dns_port, AddressRange(given.octet, given.network))
    try:
        asyncio.run(run(settings))
    except JournalError as error:
        sys.exit(f"the control plane cannot start: {error}")


if __name__ == "__main__":
    main()
