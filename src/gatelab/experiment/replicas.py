"""Replicas that a matrix alters, and what they were: written on the Deployment itself, where the next run finds it."""

from collections.abc import Callable
from typing import Any, Final

from gatelab.cluster.port import Cluster
from gatelab.experiment.backends import deployments_behind
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.kinds.apps import Deployment
from gatelab.kinds.builtin import DEPLOYMENT
from gatelab.kinds.errors import ApiError

REPLICAS_BEFORE: Final = "gatelab.dev/replicas-before"
"""The annotation; there only while the replicas are not what they were."""


def scaled(replicas: int, before: int) -> dict[str, Any]:
    """The patch that gives a Deployment `replicas`, and records `before` as long as that is another number."""
    recorded = None if replicas == before else str(before)
    return {"metadata": {"annotations": {REPLICAS_BEFORE: recorded}}, "spec": {"replicas": replicas}}


def replicas_before(deployment: Deployment) -> int:
    """What it had before a run altered it, or has. Raises CouldNotRun where the record is no number."""
    recorded = deployment.metadata.annotations.get(REPLICAS_BEFORE)
    if recorded is None:
        return deployment.spec.replicas
    if not recorded.isdecimal():
        raise CouldNotRun(
            f"Deployment {deployment.metadata.key}: the annotation {REPLICAS_BEFORE} is {recorded!r}, which is no "
            "number: take it away"
        )
    return int(recorded)


async def put_back_left_over(experiment: Experiment, cluster: Cluster, said: Callable[[str], None]) -> None:
    """Undoes what a run that was killed has left altered behind the Service.

    Who may not read Deployments, or has no Service yet, has nothing to put back. Raises CouldNotRun when it cannot be
    put back, saying how to do it by hand.
    """
    try:
        found = await deployments_behind(experiment, cluster)
    except (CouldNotRun, ApiError):
        return
    for each in found:
        key, now, before = each.metadata.key, each.spec.replicas, replicas_before(each)
        if REPLICAS_BEFORE not in each.metadata.annotations:
            continue
        left = f"Deployment {key} has {now} replicas of an experiment that was killed"
        said(f"{left}: it gets its {before} back")
        try:
            await cluster.patch(DEPLOYMENT, key, scaled(before, before))
        except ApiError as error:
            undo = f"kubectl -n {key.namespace} scale deployment {key.name} --replicas={before}"
            clear = f"kubectl -n {key.namespace} annotate deployment {key.name} {REPLICAS_BEFORE}-"
            raise CouldNotRun(f"{left}, and cannot be put back: {error.message}; {undo} && {clear}") from error
