"""Deployments, ReplicaSets, StatefulSets and DaemonSets -> Pods, and what every pod needs before it can run.

In: the kinds of apps/v1, Pods, Nodes and Namespaces of a cluster. Out: ReplicaSets and ControllerRevisions, Pods bound
to the lab's node, ServiceAccounts named default, statuses and Events, as the controllers of Kubernetes write them. It
must not start processes (the node agent does) and knows no other controller: they meet through objects.
"""

from gatelab.cluster.port import Cluster
from gatelab.reconcile import Controller
from gatelab.workloads.daemon_sets import DaemonSetController
from gatelab.workloads.deployments import DeploymentController
from gatelab.workloads.event_expiry import EventExpiry
from gatelab.workloads.replica_sets import ReplicaSetController
from gatelab.workloads.root_authority import RootAuthorityPublisher
from gatelab.workloads.scheduler import Scheduler
from gatelab.workloads.service_accounts import ServiceAccountController
from gatelab.workloads.stateful_sets import StatefulSetController

__all__ = ["RootAuthorityPublisher", "controllers"]


def controllers(cluster: Cluster) -> list[Controller]:
    """The controllers of this package, to be given to a `reconcile.Runtime`."""
    return [
        DeploymentController(cluster),
        ReplicaSetController(cluster),
        StatefulSetController(cluster),
        DaemonSetController(cluster),
        Scheduler(cluster),
        ServiceAccountController(cluster),
        EventExpiry(cluster),
    ]
