"""What makes pods."""

from collections.abc import Mapping

_COMMON = {
    "replicas": "How many pods there shall be; 1 by default.",
    "selector": "Which pods are its own. It must match the template's labels, and cannot change.",
    "template": "What the pods look like. A change replaces them.",
    "minReadySeconds": "How long a pod must be ready to count as available.",
    "revisionHistoryLimit": "How many old revisions are kept to go back to; 10 by default.",
}

WORKLOADS: Mapping[str, Mapping[str, str]] = {
    "apps_v1.Deployment": {"": "Pods that are all alike, replaced step by step when their template changes."},
    "apps_v1.DeploymentSpec": {
        **_COMMON,
        "strategy": "How pods are replaced: RollingUpdate or Recreate.",
        "paused": "Whether changes of the template wait.",
        "progressDeadlineSeconds": "After how long without progress a rollout counts as failed; 600 by default.",
    },
    "apps_v1.DeploymentStrategy": {
        "type": "RollingUpdate, new pods before old ones go; or Recreate, all old ones first.",
        "rollingUpdate": "How far a rolling update may go beyond and below the number of pods.",
    },
    "apps_v1.RollingUpdateDeployment": {
        "maxSurge": "How many pods there may be too many, as a number or percentage; 25% by default.",
        "maxUnavailable": "How many may be missing, as a number or percentage; 25% by default.",
    },
    "apps_v1.DeploymentStatus": {
        "conditions": "Available, Progressing and ReplicaFailure: whether, since when and why.",
        "readyReplicas": "How many pods are ready.",
        "updatedReplicas": "How many pods are of the present template.",
        "availableReplicas": "How many pods have been ready for long enough.",
    },
    "apps_v1.ReplicaSet": {"": "A number of pods that are all alike. Deployments make them."},
    "apps_v1.ReplicaSetSpec": {name: text for name, text in _COMMON.items() if name != "revisionHistoryLimit"},
    "apps_v1.StatefulSet": {"": "Pods with names and an order of their own."},
    "apps_v1.StatefulSetSpec": {
        **_COMMON,
        "serviceName": "The headless Service that gives the pods their names.",
        "podManagementPolicy": "OrderedReady, one after the other; or Parallel.",
        "updateStrategy": "How pods are replaced: RollingUpdate, with a partition, or OnDelete.",
        "volumeClaimTemplates": "The storage of each pod.",
    },
    "apps_v1.DaemonSet": {"": "One pod on every node."},
    "apps_v1.DaemonSetSpec": {
        **{name: text for name, text in _COMMON.items() if name != "replicas"},
        "updateStrategy": "How pods are replaced: RollingUpdate or OnDelete.",
    },
}
