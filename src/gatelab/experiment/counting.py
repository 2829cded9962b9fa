"""Which counts a path is judged by: the Gateway's Envoys, else the response metadata, else pod CPU. Pure.

None of them asks anything of the server but the metadata. The first that can be had is taken, and the report says which
and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatelab.experiment.backends import ReadyPod
from gatelab.experiment.engines.engine import PathLoad
from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.report import Source
from gatelab.experiment.routes.route import Unknown
from gatelab.load import LoadResult

TOLERANCE = 0.02
"""By how much Envoy's counts may differ from the calls that were made before they are taken to be others' as well."""
ROUGH = (
    "the counts are estimates by pod CPU, and rough: the metrics API averages over its window, in which the pods were "
    "idle as well and served the other paths too; no test can rest on them"
)


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests per pod, and where they come from. `sentence` says why from there; `backends` only from Envoy."""

    source: Source
    sentence: str
    pods: Mapping[str, int]
    backends: Mapping[str, int] | None = None
    envoy: EnvoyCounts | None = None
    notes: tuple[str, ...] = ()


def through_gateway(load: PathLoad, envoy: EnvoyCounts | Unknown, cpu: Mapping[str, float]) -> Counted:
    """The counts of the Gateway's path. `cpu` is that of the pods behind it."""
    result = load.result
    named = sum(result.pods.values())
    if isinstance(envoy, EnvoyCounts):
        reason = _foreign(result, envoy)
        if envoy.total and (not reason or not named):
            return _by_envoy(envoy, reason)
        envoy = Unknown(reason or "the Gateway's Envoys sent nothing to the route's backends")
    if named:
        return by_metadata(load, because=envoy.reason)
    return _by_cpu(load, cpu, envoy.reason)


def by_metadata(load: PathLoad, *, because: str = "") -> Counted:
    """What the response metadata says; without it, nothing."""
    result = load.result
    named, answered = sum(result.pods.values()), result.statuses.get("OK", 0)
    why = f": {because}" if because else ""
    if not named:
        return Counted("none", f"{load.unnamed}{why}", {})
    notes = (f"only {named} of {answered} responses name their pod",) if named < answered else ()
    return Counted("metadata", f"by x-pod-name in the response metadata{why}", result.pods, notes=notes)


def straight_to_pods(load: PathLoad, pods: tuple[ReadyPod, ...]) -> Counted:
    """Each connection goes to a pod's own address, so nobody needs to be asked."""
    if load.result.pods:
        return by_metadata(load)
    names = {(pod.address, pod.port): pod.name for pod in pods}
    counts = {names[address]: count for address, count in load.by_address().items() if address in names}
    return Counted("target", "by the addresses that were connected to", counts) if counts else by_metadata(load)


def _foreign(result: LoadResult, envoy: EnvoyCounts) -> str:
    """ "" when Envoy's counts can be those of this run alone."""
    least, most = result.statuses.get("OK", 0), result.count + result.retried
    if envoy.total > most * (1 + TOLERANCE) + 1:
        return f"the Gateway's Envoys sent {envoy.total} requests for {most} calls: others use the route, or it retries"
    if envoy.total < least * (1 - TOLERANCE) - 1:
        return f"the Gateway's Envoys counted {envoy.total} requests for {least} answered calls"
    return ""


def _by_envoy(envoy: EnvoyCounts, reason: str) -> Counted:
    who = "its Envoy" if envoy.envoys == 1 else f"its {envoy.envoys} Envoys"
    sentence = f"by the Gateway: what {who} sent to each endpoint, read {envoy.readings} times"
    notes = (*envoy.notes, reason) if reason else envoy.notes
    return Counted("envoy", sentence, envoy.pods, envoy.backends, envoy, notes)


def _by_cpu(load: PathLoad, cpu: Mapping[str, float], reason: str) -> Counted:
    used, answered = sum(cpu.values()), load.result.statuses.get("OK", 0)
    if not used:
        sentence = f"{load.unnamed}, and there is no metrics API; {reason}"
        return Counted("none", sentence, {})
    counts = {pod: round(answered * each / used) for pod, each in cpu.items()}
    return Counted("cpu", f"by pod CPU: {load.unnamed}, and {reason}", counts, notes=(ROUGH,))
