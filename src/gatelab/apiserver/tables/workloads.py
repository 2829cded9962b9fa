"""The columns of the kinds of apps/v1."""

from collections.abc import Sequence
from datetime import datetime

from gatelab.apiserver.tables.cells import (
    NONE,
    Column,
    age_column,
    at,
    containers_and_images,
    field,
    labels_shown,
    name_column,
    selector_shown,
)
from gatelab.kinds.objects import Object, controller_of

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


def scale_columns() -> Sequence[Column]:
    """Of autoscaling/v1 Scale: `kubectl get deployment web --subresource=scale`."""
    return (
        name_column(),
        Column("Desired", field("spec", "replicas", absent=0), type="integer"),
        Column("Available", field("status", "replicas", absent=0), type="integer"),
        age_column(),
    )


def stateful_set_columns() -> Sequence[Column]:
    return (name_column(), Column("Ready", _ready), age_column(), *containers_and_images(*_POD_SPEC))


def daemon_set_columns() -> Sequence[Column]:
    counts = {
        "Desired": "desiredNumberScheduled",
        "Current": "currentNumberScheduled",
        "Ready": "numberReady",
        "Up-to-date": "updatedNumberScheduled",
        "Available": "numberAvailable",
    }
    return (
        name_column(),
        *(Column(name, field("status", count, absent=0), type="integer") for name, count in counts.items()),
        Column("Node Selector", lambda obj, _: labels_shown(at(obj, *_POD_SPEC, "nodeSelector"))),
        age_column(),
        *containers_and_images(*_POD_SPEC),
        Column("Selector", lambda obj, _: selector_shown(at(obj, "spec", "selector")), 1),
    )


def controller_revision_columns() -> Sequence[Column]:
    return (
        name_column(),
        Column("Controller", _controller),
        Column("Revision", field("revision", absent=0), type="integer"),
        age_column(),
    )


def _controller(obj: Object, _: datetime) -> str:
    """`statefulset.apps/web`."""
    reference = controller_of(obj)
    if reference is None:
        return NONE
    group = str(reference.get("apiVersion", "")).rpartition("/")[0]
    kind = str(reference.get("kind", "")).lower()
    return f"{kind}.{group}/{reference.get('name')}" if group else f"{kind}/{reference.get('name')}"
