"""The columns of Deployments and ReplicaSets."""

from collections.abc import Sequence
from datetime import datetime

from gatelab.apiserver.tables.cells import (
    Column,
    age_column,
    at,
    containers_and_images,
    field,
    name_column,
    selector_shown,
)
from gatelab.kinds.objects import Object

_POD_SPEC = ("spec", "template", "spec")


def deployment_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Ready", _ready),
        Column("Up-to-date", field("status", "updatedReplicas", absent=0), type="integer"),
        Column("Available", field("status", "availableReplicas", absent=0), type="integer"),
        age_column(),
        *containers_and_images(*_POD_SPEC),
        Column("Selector", lambda obj, _: selector_shown(at(obj, "spec", "selector")), 1),
    )


def _ready(deployment: Object, _: datetime) -> str:
    return f"{at(deployment, 'status', 'readyReplicas') or 0}/{at(deployment, 'spec', 'replicas') or 0}"


def replica_set_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Desired", field("spec", "replicas", absent=0), type="integer"),
        Column("Current", field("status", "replicas", absent=0), type="integer"),
        Column("Ready", field("status", "readyReplicas", absent=0), type="integer"),
        age_column(),
        *containers_and_images(*_POD_SPEC),
        Column("Selector", lambda obj, _: selector_shown(at(obj, "spec", "selector")), 1),
    )
