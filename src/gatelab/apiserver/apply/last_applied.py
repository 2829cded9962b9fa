"""`kubectl apply --server-side` on what `kubectl apply` made: the annotation with the last applied configuration.

Until kubectl takes its fields over, their owner is its client-side self; fields that still are as it applied them are
no conflict. Where the annotation is, it is kept current, so that one may go back (KEP-555, "Upgrading from
client-side apply"). Both for the manager `kubectl` only.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatelab.apiserver.apply.compare import compared
from gatelab.apiserver.apply.entries import Owner
from gatelab.apiserver.apply.field_sets import EMPTY, FieldSet, difference, intersection
from gatelab.apiserver.apply.owned import fields_of
from gatelab.apiserver.apply.tracked import tracked
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas.catalogue import Schema

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
_MOST_BYTES = 256 * 1024


def concerns(owner: Owner) -> bool:
    return owner.manager == "kubectl"


def allowed(schema: Schema, live: Object) -> FieldSet:
    """The fields of `live` that are still as client-side apply left them."""
    try:
        applied = msgspec.json.decode(_annotation(live) or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return EMPTY
    wanted, present = tracked(applied), tracked(live)
    changed = compared(schema, wanted, present)
    both = intersection(fields_of(schema, wanted), fields_of(schema, present))
    return difference(difference(both, changed.changed), changed.removed)


def kept_current(obj: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """`obj` with `wanted` in its annotation, if it has one."""
    if not _annotation(obj):
        return obj
    metadata = {key: value for key, value in (wanted.get("metadata") or {}).items() if key != "managedFields"}
    own = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != ANNOTATION}
    metadata |= {"annotations": own} if own else {}
    text = msgspec.json.encode({**wanted, "metadata": metadata}, order="sorted").decode() + "\n"
    if len(text) > _MOST_BYTES:
        return obj
    annotations = {**obj["metadata"]["annotations"], ANNOTATION: text}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def _annotation(obj: Object) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(ANNOTATION, ""))
