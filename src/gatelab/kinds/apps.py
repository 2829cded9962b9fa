"""Typed views of apps/v1: Deployment, ReplicaSet, StatefulSet, DaemonSet and ControllerRevision.

Label selectors and pod templates are kept as JSON, for they are matched and copied as they are.
"""

from typing import Any

from gatelab.kinds.views import ObjectView, View


class RollingUpdate(View, frozen=True):
    """Numbers of pods, or percents of `replicas` ("25%")."""

    max_surge: int | str = "25%"
    max_unavailable: int | str = "25%"


class DeploymentStrategy(View, frozen=True):
    type: str = "RollingUpdate"
    rolling_update: RollingUpdate = RollingUpdate()


class DeploymentSpec(View, frozen=True):
    replicas: int = 1
    selector: dict[str, Any] = {}
    template: dict[str, Any] = {}
    strategy: DeploymentStrategy = DeploymentStrategy()
    min_ready_seconds: int = 0
    revision_history_limit: int = 10
    paused: bool = False
    progress_deadline_seconds: int = 600


class DeploymentStatus(View, frozen=True):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    collision_count: int | None = None
    conditions: tuple[dict[str, Any], ...] = ()


class Deployment(ObjectView, frozen=True):
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class ReplicaSetSpec(View, frozen=True):
    replicas: int = 1
    selector: dict[str, Any] = {}
    template: dict[str, Any] = {}
    min_ready_seconds: int = 0


class ReplicaSetStatus(View, frozen=True):
    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    terminating_replicas: int = 0
    conditions: tuple[dict[str, Any], ...] = ()


class ReplicaSet(ObjectView, frozen=True):
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()


class Partition(View, frozen=True):
    """`rolling_update` of a StatefulSet: ordinals below `partition` keep the revision that they have."""

    partition: int = 0
    max_unavailable: int | str | None = None


class StatefulSetStrategy(View, frozen=True):
    type: str = "RollingUpdate"
    rolling_update: Partition = Partition()


class Ordinals(View, frozen=True):
    start: int = 0


class StatefulSetSpec(View, frozen=True):
    replicas: int = 1
    selector: dict[str, Any] = {}
    template: dict[str, Any] = {}
    service_name: str = ""
    volume_claim_templates: tuple[dict[str, Any], ...] = ()
    pod_management_policy: str = "OrderedReady"
    update_strategy: StatefulSetStrategy = StatefulSetStrategy()
    ordinals: Ordinals = Ordinals()
    min_ready_seconds: int = 0
    revision_history_limit: int = 10


class StatefulSetStatus(View, frozen=True):
    observed_generation: int = 0
    replicas: int = 0
    current_revision: str = ""
    collision_count: int | None = None


class StatefulSet(ObjectView, frozen=True):
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class DaemonRollingUpdate(View, frozen=True):
    max_surge: int | str = 0
    max_unavailable: int | str = 1


class DaemonSetStrategy(View, frozen=True):
    type: str = "RollingUpdate"
    rolling_update: DaemonRollingUpdate = DaemonRollingUpdate()


class DaemonSetSpec(View, frozen=True):
    selector: dict[str, Any] = {}
    template: dict[str, Any] = {}
    update_strategy: DaemonSetStrategy = DaemonSetStrategy()
    min_ready_seconds: int = 0
    revision_history_limit: int = 10


class DaemonSetStatus(View, frozen=True):
    collision_count: int | None = None


class DaemonSet(ObjectView, frozen=True):
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


class ControllerRevision(ObjectView, frozen=True):
    """A template that a StatefulSet or DaemonSet had, as a patch that brings it back."""

    revision: int = 0
    data: dict[str, Any] = {}
