"""The Node `gatelab`: this machine as `kubectl get nodes` and `describe node` show it."""

import asyncio
import logging
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatelab import __version__
from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import NODE
from gatelab.kinds.conditions import merged
from gatelab.kinds.errors import AlreadyExists, ApiError
from gatelab.kinds.lab import KUBERNETES_VERSION
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.node.agent import NODE_NAME

logger = logging.getLogger(__name__)

HEARTBEAT_S = 300.0
"""As often as a kubelet reports a status that has not changed (nodeStatusReportFrequency)."""
_RETRY_S = 1.0
_MAX_PODS = 110
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


async def keep_node(cluster: Cluster, address: str) -> None:
    """Writes the Node, and its heartbeat from time to time. Until cancelled."""
    while True:
        try:
            await _write(cluster, address)
        except ApiError as error:
            logger.info("the Node is not written yet: %s", error.message)
            await asyncio.sleep(_RETRY_S)
        else:
            await asyncio.sleep(HEARTBEAT_S)


async def _write(cluster: Cluster, address: str) -> None:
    try:
        node: Object = await cluster.create(NODE, node_object())
    except AlreadyExists:
        node = await cluster.get(NODE, Key("", NODE_NAME))
    now = to_rfc3339(utc_now())
    conditions = (node.get("status") or {}).get("conditions") or ()
    status = {**node_status(address), "conditions": merged(conditions, _conditions(now), now=now)}
    await cluster.patch(NODE, Key("", NODE_NAME), {"status": status}, subresource="status")


def node_object() -> dict[str, Any]:
    """The Node without its status."""
    labels = {
        "kubernetes.io/hostname": NODE_NAME,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": _architecture(),
    }
    return {
        "apiVersion": NODE.api_version,
        "kind": NODE.name,
        "metadata": {"name": NODE_NAME, "labels": labels},
        "spec": {},
    }


def node_status(address: str) -> dict[str, Any]:
    """Addresses, capacity and what this machine is."""
    capacity = {"cpu": str(os.cpu_count() or 1), "memory": f"{_memory_kib()}Ki", "pods": str(_MAX_PODS)}
    return {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": NODE_NAME}],
        "capacity": capacity,
        "allocatable": capacity,
        "nodeInfo": {
            "architecture": _architecture(),
            "bootID": _read("/proc/sys/kernel/random/boot_id"),
            "containerRuntimeVersion": f"process://{__version__}",
            "kernelVersion": platform.release(),
            "kubeProxyVersion": f"{KUBERNETES_VERSION}+gatelab.{__version__}",
            "kubeletVersion": f"{KUBERNETES_VERSION}+gatelab.{__version__}",
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": _os_image(),
            "systemUUID": "",
        },
    }


def _conditions(now: str) -> list[Mapping[str, str]]:
    heartbeat = {"lastHeartbeatTime": now}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the node agent runs pods"}
    return [ready | heartbeat]


def _architecture() -> str:
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def _memory_kib() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024


def _os_image() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
