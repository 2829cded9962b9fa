"""The composition root of the Gateway controller alone: any cluster by a kubeconfig, and xDS, in one process.

It is the controller that a lab's control plane has inside, on the other adapter of the cluster port. The Envoys that it
makes run on a node that sees this machine's Unix sockets and may bind the addresses of Services: a lab's.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.gateway import ENVOY_IMAGE, DataPlaneSettings, GatewayController, naming
from gatelab.kinds.builtin import GATEWAY_CLASS
from gatelab.kinds.errors import ApiError, NotFound
from gatelab.node.claims import privileged_shift
from gatelab.proxy.xds import XdsServer
from gatelab.reconcile.garbage import Garbage

_LOOPBACK = "127.0.0.1"
_SOCKET_PATH_LIMIT = 107
"""`sun_path` of a Unix socket has 108 bytes with its terminating zero (unix(7))."""
_ADMIN_SOCKET = "envoy-00000000-0000-0000-0000-000000000000"


class CannotStart(Exception):
    """Something that the user can put right. The message says what."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`kubeconfig` None means: the environment's, as kubectl finds it. The paths are absolute.

    Envoys connect to `xds_socket` and put their admin sockets into `run_dir`, which is made if it is not there.
    """

    kubeconfig: Path | None
    controller_name: str
    xds_socket: Path
    run_dir: Path


async def run(settings: Settings, serving: Callable[[str], None]) -> None:
    """Serves the classes of the name until SIGTERM or SIGINT, which end the controller, then xDS, then connections.

    `serving` is called with the cluster's URL once Envoys can connect. Raises CannotStart.
    """
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        async with AsyncExitStack() as parts:
            cluster, xds = await _connected(settings, parts)
            serving(cluster.address)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(Garbage().run(), name="garbage")
                tasks.create_task(GatewayController(cluster, xds, _data_planes(settings)).run(), name="gateway")
    except asyncio.CancelledError:
        return  # by a signal: nobody else has this task


async def _connected(settings: Settings, parts: AsyncExitStack) -> tuple[RemoteCluster, XdsServer]:
    """Both ends, tried: a controller that cannot work says so now and not in its log for ever."""
    try:
        cluster = await parts.enter_async_context(RemoteCluster.connect(settings.kubeconfig))
        await cluster.list(GATEWAY_CLASS)
        _prepare(settings)
        return cluster, await parts.enter_async_context(XdsServer(f"unix:{settings.xds_socket}"))
    except NotFound:
        raise CannotStart(f"{cluster.address} has no GatewayClasses: install the Gateway API's CRDs first") from None
    except ApiError as error:
        raise CannotStart(f"GatewayClasses cannot be listed: {error.message}") from error
    except (KubeconfigError, OSError) as error:
        raise CannotStart(str(error)) from error


def _prepare(settings: Settings) -> None:
    """Raises CannotStart, OSError."""
    for path in (settings.xds_socket, settings.run_dir / _ADMIN_SOCKET):
        if len(os.fsencode(path)) > _SOCKET_PATH_LIMIT:
            raise CannotStart(f"{path} is longer than {_SOCKET_PATH_LIMIT} bytes, which no Unix socket's path may be")
    settings.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex(str(settings.xds_socket)) == 0:
            # gRPC would take the path over, and the Envoys of the other one would come here.
            raise CannotStart(f"{settings.xds_socket} is served by another process; choose another --xds-socket")


def _data_planes(settings: Settings) -> DataPlaneSettings:
    name = settings.controller_name
    return DataPlaneSettings(
        xds_socket=str(settings.xds_socket),
        image=ENVOY_IMAGE,
        bind="service-address",
        run_dir=str(settings.run_dir),
        privileged_shift=privileged_shift(_LOOPBACK),
        controllers={name: naming(name)},
    )
