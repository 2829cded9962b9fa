"""The pods of a StatefulSet: named by number, with a host name of their own. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gatelab.kinds.apps import StatefulSet
from gatelab.kinds.builtin import STATEFUL_SET
from gatelab.kinds.objects import Object
from gatelab.kinds.views import view
from gatelab.workloads.controller_revisions import HASH, template_of
from gatelab.workloads.pods import pod_from

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


def identity(name: str, ordinal: int) -> dict[str, str]:
    """The labels by which a Service finds one pod of a set."""
    return {POD_NAME: name, POD_INDEX: str(ordinal)}


def stateful_pod(owner: Object, ordinal: int, revision: Object, now: datetime) -> dict[str, Any]:
    """The pod of that ordinal, of the template of that revision."""
    typed, template = view(StatefulSet, owner), template_of(revision)
    name = f"{typed.metadata.name}-{ordinal}"
    labels = {**identity(name, ordinal), HASH: revision["metadata"]["name"]}
    spec: dict[str, Any] = {"hostname": name}
    if typed.spec.service_name:
        spec["subdomain"] = typed.spec.service_name
    if claims := claim_names(typed):
        spec["volumes"] = _volumes((template.get("spec") or {}).get("volumes") or (), claims)
    return pod_from(template, STATEFUL_SET, owner, now, {"name": name}, labels=labels, spec=spec)


def claim_names(stateful_set: StatefulSet) -> list[str]:
    """The names of the volumes that `volumeClaimTemplates` ask for."""
    return [each["metadata"]["name"] for each in stateful_set.spec.volume_claim_templates]


def _volumes(volumes: Sequence[Object], claims: Sequence[str]) -> list[Object]:
    """With an emptyDir for each claim, which takes the place of a volume of its name as the claim would."""
    others = [each for each in volumes if each["name"] not in claims]
    return [*({"name": each, "emptyDir": {}} for each in claims), *others]
