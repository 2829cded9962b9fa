"""Revisions of a Deployment: one ReplicaSet for each template that it had. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatelab.kinds.apps import Deployment, ReplicaSet
from gatelab.kinds.builtin import DEPLOYMENT, REPLICA_SET
from gatelab.kinds.names import LABEL_LIMIT, template_hash
from gatelab.kinds.objects import Object, is_being_deleted
from gatelab.kinds.views import view
from gatelab.workloads.ownership import controller_reference
from gatelab.workloads.rollout import DESIRED, MOST, most_replicas

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"

_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MOST}


def is_of_template(replica_set: Object, template: Object) -> bool:
    """Whether the ReplicaSet makes the pods that the template asks for."""
    own = _plain(replica_set["spec"]["template"])
    labels = {name: value for name, value in own.get("metadata", {}).get("labels", {}).items() if name != HASH}
    own["metadata"] = {**own.get("metadata", {}), "labels": labels}
    other = _plain(template)
    other["metadata"] = {**other.get("metadata", {}), "labels": other.get("metadata", {}).get("labels", {})}
    return bool(own == other)


def _plain(value: Any) -> Any:
    """Without nulls, which mean absent."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def split(deployment: Object, replica_sets: Sequence[Object]) -> tuple[Object | None, list[Object]]:
    """The ReplicaSet of the present template (the oldest, should there be several), and the others."""
    template = deployment["spec"]["template"]
    fitting = [each for each in replica_sets if is_of_template(each, template)]
    new = min(fitting, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]), default=None)
    return new, [each for each in replica_sets if each is not new]


def revision_of(obj: Object) -> int:
    """The revision in the annotations; 0 when there is none."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdecimal() else 0


def next_revision(old: Sequence[Object]) -> int:
    return max((revision_of(each) for each in old), default=0) + 1


def annotations_for(deployment: Object, present: Mapping[str, str], revision: int) -> dict[str, str]:
    """The annotations of the new ReplicaSet: the Deployment's, its revision, and the revisions that it was before."""
    copied = deployment["metadata"].get("annotations") or {}
    annotations = {**present, **{name: value for name, value in copied.items() if name not in _NOT_COPIED}}
    before = present.get(REVISION, "")
    if before.isdecimal() and int(before) >= revision:
        return annotations
    if before:
        annotations[HISTORY] = ",".join(filter(None, (present.get(HISTORY), before)))
    annotations[REVISION] = str(revision)
    return annotations


def size_annotations(deployment: Deployment) -> dict[str, str]:
    """What a ReplicaSet remembers of the Deployment that sized it."""
    return {DESIRED: str(deployment.spec.replicas), MOST: str(most_replicas(deployment))}


def new_replica_set(deployment: Object, revision: int, replicas: int) -> dict[str, Any]:
    """The ReplicaSet of the Deployment's present template."""
    typed = view(Deployment, deployment)
    template, metadata = typed.spec.template, deployment["metadata"]
    hashed = {HASH: template_hash(template, typed.status.collision_count)}
    labels = {**(template.get("metadata") or {}).get("labels", {}), **hashed}
    selector = {**typed.spec.selector, "matchLabels": {**typed.spec.selector.get("matchLabels", {}), **hashed}}
    spec = {
        "replicas": replicas,
        "selector": selector,
        "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
    }
    if typed.spec.min_ready_seconds:
        spec["minReadySeconds"] = typed.spec.min_ready_seconds
    return {
        "apiVersion": REPLICA_SET.api_version,
        "kind": REPLICA_SET.name,
        "metadata": {
            "name": f"{metadata['name'][: 253 - LABEL_LIMIT]}-{hashed[HASH]}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {**annotations_for(deployment, {}, revision), **size_annotations(typed)},
            "ownerReferences": [controller_reference(DEPLOYMENT, deployment)],
        },
        "spec": spec,
        "status": {"replicas": 0},
    }


def superfluous(deployment: Deployment, old: Sequence[Object]) -> list[Object]:
    """The old ReplicaSets beyond `revisionHistoryLimit`, oldest revisions, that have no pods left."""
    alive = sorted((each for each in old if not is_being_deleted(each)), key=revision_of)
    surplus = alive[: max(0, len(alive) - deployment.spec.revision_history_limit)]
    return [each for each in surplus if _is_idle(view(ReplicaSet, each))]


def _is_idle(replica_set: ReplicaSet) -> bool:
    is_observed = replica_set.metadata.generation <= replica_set.status.observed_generation
    return not replica_set.spec.replicas and not replica_set.status.replicas and is_observed
