"""What the agent counts, in the kubelet's names where it has them (`k8s.io/kubernetes/pkg/kubelet/metrics`).

The kubelet's probe counters name pods; ours do not, so that their number is bounded.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from gatelab.kinds.objects import Key
from gatelab.node.residents import Resident
from gatelab.node.usage import cpu_seconds
from gatelab.telemetry import Family, Histogram, Reading
from gatelab.telemetry.families import single

_STATE = ("container_state",)
_PROBE = ("probe_type",)
_PROCESS = ("process",)
PODS = Family("kubelet_running_pods", "gauge", "Pods with a process that runs.")
CONTAINERS = Family("kubelet_running_containers", "gauge", "Containers by state.", _STATE)
STARTED = Family("kubelet_started_containers_total", "counter", "Containers that were started, restarts among them.")
NOT_STARTED = Family("kubelet_started_containers_errors_total", "counter", "Starts that failed.", ("code",))
RESTARTS = Family("gatelab_container_restarts_total", "counter", "Containers started again after they had ended.")
POD_START = Family(
    "kubelet_pod_start_duration_seconds",
    "histogram",
    "Seconds from the agent's first sight of a pod to all its containers running.",
)
PROBES = Family("prober_probe_total", "counter", "Probes by kind and outcome.", (*_PROBE, "result"))
PROBE_SECONDS = Family("prober_probe_duration_seconds", "histogram", "Seconds that a probe took.", _PROBE)
CPU = Family("gatelab_process_cpu_seconds_total", "counter", "CPU seconds of the lab's own processes.", _PROCESS)
MEMORY = Family("gatelab_process_resident_memory_bytes", "gauge", "Resident memory of these.", _PROCESS)
STARTS = Family("gatelab_process_starts_total", "counter", "Its starts; more than one: it had ended.", _PROCESS)
_PAGE = os.sysconf("SC_PAGE_SIZE")

Pods = Callable[[], Mapping[Key, Mapping[str, int]]]
"""The process of each running container of each pod."""
Own = Callable[[], Mapping[str, int]]
"""The lab's own processes by name."""


class PodMeter:
    """The counts of pods, told by their workers."""

    def __init__(self) -> None:
        self._starts = 0
        self._restarts = 0
        self._failures: Counter[str] = Counter()
        self._pod_start = Histogram((0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 300, 600))
        self._probes: Counter[tuple[str, ...]] = Counter()
        self._probe_seconds: defaultdict[tuple[str, ...], Histogram] = defaultdict(Histogram)

    def container_started(self, attempt: int) -> None:
        self._starts += 1
        self._restarts += attempt > 0

    def container_not_started(self, reason: str) -> None:
        """`reason` is one of the kubelet's words, such as ErrImagePull."""
        self._failures[reason] += 1

    def pod_started(self, seconds: float) -> None:
        self._pod_start.observe(seconds)

    def probed(self, kind: str, seconds: float, *, succeeded: bool) -> None:
        self._probes[kind.capitalize(), "successful" if succeeded else "failed"] += 1
        self._probe_seconds[kind.capitalize(),].observe(seconds)

    def readings(self) -> Iterator[Reading]:
        yield single(STARTED, self._starts)
        yield Reading(NOT_STARTED, {(reason,): count for reason, count in self._failures.items()})
        yield single(RESTARTS, self._restarts)
        yield single(POD_START, self._pod_start)
        yield Reading(PROBES, self._probes)
        yield Reading(PROBE_SECONDS, self._probe_seconds)


class ProcessMeter:
    """What runs on the node, looked at when somebody asks."""

    def __init__(self, pods: Pods, own: Own, residents: Iterable[Resident]) -> None:
        self._pods = pods
        self._own = own
        self._residents = tuple(residents)

    def readings(self) -> Iterator[Reading]:
        running = [len(pids) for pids in self._pods().values() if pids]
        yield single(PODS, len(running))
        yield Reading(CONTAINERS, {("running",): sum(running)})
        own = self._own()
        yield Reading(CPU, {(name,): cpu_seconds(pid) for name, pid in own.items()})
        yield Reading(MEMORY, {(name,): _resident_bytes(pid) for name, pid in own.items()})
        yield Reading(STARTS, {(each.name,): each.starts for each in self._residents})


def _resident_bytes(pid: int) -> int:
    """0 when the process is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0
