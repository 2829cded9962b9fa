"""The processes of a running lab, from /proc: they know best what runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil

from gatelab.cli.status.report import Process
from gatelab.kinds.objects import Object
from gatelab.kinds.quantity import parse_quantity
from gatelab.node.usage import pss_bytes

_MARK = "GATELAB_KEPT"
"""In the environment of all that the keeper started (`node/keeper`): `control-plane/1`, `uid/container/0`."""
ROLES = ("agent", "keeper", "control-plane", "service-proxy")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the keeper started: the first process of a resident or of a container."""

    id: str
    pid: int


def processes(
    agent_pid: int, *, api: str, node: str, pods: Sequence[Object], metrics: Sequence[Object]
) -> list[Process]:
    """The lab's own processes, then the containers of its pods by name. What has ended meanwhile is left out."""
    by_uid = {pod["metadata"]["uid"]: pod for pod in pods}
    cores = _cores(metrics)
    addresses = {"control-plane": api, "service-proxy": node}
    own, containers = [Process("agent", agent_pid, memory_bytes=_memory(agent_pid))], []
    for keeper in _children(agent_pid):
        own.append(Process("keeper", keeper.pid, memory_bytes=_memory(keeper.pid)))
        for kept in _kept(keeper):
            first, _, rest = kept.id.partition("/")
            pod = by_uid.get(first)
            if pod is not None:
                containers.append(_container(kept, pod, rest.partition("/")[0], cores))
            elif first in ROLES:
                own.append(Process(first, kept.pid, address=addresses.get(first, ""), memory_bytes=_memory(kept.pid)))
    return sorted(own, key=lambda each: ROLES.index(each.of)) + sorted(
        containers, key=lambda each: (each.name, each.container)
    )


def _container(kept: _Kept, pod: Object, container: str, cores: Mapping[tuple[str, str], float]) -> Process:
    metadata = pod["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    address = (pod.get("status") or {}).get("podIP", "")
    return Process("pod", kept.pid, name, container, address, _memory(kept.pid), cores.get((name, container)))


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.Error:
        return []


def _kept(keeper: psutil.Process) -> Iterator[_Kept]:
    """The leaders of sessions below the keeper: what else is there are their orphans."""
    for child in _children(keeper.pid):
        try:
            mark = child.environ().get(_MARK)
            if mark and os.getsid(child.pid) == child.pid:
                yield _Kept(mark, child.pid)
        except (psutil.Error, OSError):
            continue


def _memory(pid: int) -> int:
    try:
        return pss_bytes(pid)
    except OSError:
        return 0


def _cores(metrics: Sequence[Object]) -> dict[tuple[str, str], float]:
    return {
        (f"{each['metadata']['namespace']}/{each['metadata']['name']}", container["name"]): float(
            parse_quantity(container["usage"]["cpu"])
        )
        for each in metrics
        for container in each.get("containers") or ()
    }
