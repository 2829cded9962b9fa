"""Kinds that are served so that manifests which contain them apply, and that no controller of ours acts on.

Writing one is answered with a warning (`kinds.unacted`).
"""

from gatelab.kinds.kind import Kind

ROLE = Kind("rbac.authorization.k8s.io", "v1", "Role", "roles", has_status=False)
ROLE_BINDING = Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", has_status=False)
CLUSTER_ROLE = Kind(
    "rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False, has_status=False
)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False, has_status=False
)
POD_DISRUPTION_BUDGET = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short_names=("pdb",))
NETWORK_POLICY = Kind(
    "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short_names=("netpol",), has_status=False
)
HORIZONTAL_POD_AUTOSCALER = Kind(
    "autoscaling",
    "v2",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    short_names=("hpa",),
    categories=("all",),
)
PERSISTENT_VOLUME_CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",))
RESOURCE_QUOTA = Kind("", "v1", "ResourceQuota", "resourcequotas", short_names=("quota",))
LIMIT_RANGE = Kind("", "v1", "LimitRange", "limitranges", short_names=("limits",), has_status=False)

STORED_ONLY: tuple[Kind, ...] = (
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    POD_DISRUPTION_BUDGET,
    NETWORK_POLICY,
    HORIZONTAL_POD_AUTOSCALER,
    PERSISTENT_VOLUME_CLAIM,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
)
