"""ControllerRevisions: the templates that a StatefulSet or a DaemonSet has had, as `kubectl rollout` reads them. Pure.

`data` is the strategic merge patch that brings a template back: `{"spec": {"template": {…, "$patch": "replace"}}}`
(`k8s.io/kubernetes/pkg/controller/history`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gatelab.kinds.apps import ControllerRevision
from gatelab.kinds.builtin import CONTROLLER_REVISION
from gatelab.kinds.kind import Kind
from gatelab.kinds.names import LABEL_LIMIT, template_hash
from gatelab.kinds.objects import Object
from gatelab.kinds.views import view
from gatelab.workloads.ownership import controller_reference

HASH = "controller-revision-hash"
"""The label of a pod that says of which revision it is."""
_OWN_HASH = "controller.kubernetes.io/hash"
_NAME_ROOM = 253 - LABEL_LIMIT


def data_of(owner: Object) -> dict[str, Any]:
    """What a revision of the owner's present template says."""
    template = {name: value for name, value in owner["spec"]["template"].items() if value is not None}
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def template_of(revision: Object) -> dict[str, Any]:
    """The template that a revision brings back."""
    template = revision["data"]["spec"]["template"]
    return {name: value for name, value in template.items() if name != "$patch"}


def has_template(revision: Object) -> bool:
    """Whether the revision can be brought back: users may write revisions too."""
    spec = (revision.get("data") or {}).get("spec")
    return isinstance(spec, Mapping) and isinstance(spec.get("template"), Mapping)


def hash_of(revision: Object) -> str:
    """The hash in the revision's labels; "" for one that somebody made without it."""
    return str((revision["metadata"].get("labels") or {}).get(_OWN_HASH, ""))


def new_revision(kind: Kind, owner: Object, number: int, collisions: int | None) -> dict[str, Any]:
    """The revision of the owner's present template, labelled so that the owner's selector finds it."""
    data, metadata = data_of(owner), owner["metadata"]
    hashed = template_hash(data, collisions)
    labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return {
        "apiVersion": CONTROLLER_REVISION.api_version,
        "kind": CONTROLLER_REVISION.name,
        "metadata": {
            "name": f"{metadata['name'][:_NAME_ROOM]}-{hashed}",
            "namespace": metadata["namespace"],
            "labels": {**labels, _OWN_HASH: hashed, **({HASH: hashed} if kind.name == "DaemonSet" else {})},
            "annotations": dict(metadata.get("annotations") or {}),
            "ownerReferences": [controller_reference(kind, owner)],
        },
        "data": data,
        "revision": number,
    }


def number_of(revision: Object) -> int:
    return view(ControllerRevision, revision).revision


def next_number(revisions: Sequence[Object]) -> int:
    return max((number_of(each) for each in revisions), default=0) + 1


def equal_to(data: Mapping[str, Any], revisions: Sequence[Object]) -> Object | None:
    """The newest revision that says `data`."""
    return max((each for each in revisions if each.get("data") == data), key=number_of, default=None)


def superfluous(revisions: Sequence[Object], in_use: Collection[str], limit: int) -> list[Object]:
    """The oldest revisions beyond the limit, of those whose names are not in use."""
    idle = sorted((each for each in revisions if each["metadata"]["name"] not in in_use), key=number_of)
    return idle[: max(0, len(idle) - limit)]
