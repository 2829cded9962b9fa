"""How Kubernetes' own kinds merge under server-side apply (KEP-555): what their Go types' `listType`, `mapType` and
`structType` say, and `lightkube.models` do not.

A list that is not named here is atomic, which is what a list without a mark is.
"""

from collections.abc import Mapping
from typing import Any

ATOMIC_MAP: Mapping[str, Any] = {"x-kubernetes-map-type": "atomic"}
ATOMIC_LIST: Mapping[str, Any] = {"x-kubernetes-list-type": "atomic"}
_SET: Mapping[str, Any] = {"x-kubernetes-list-type": "set"}


def _by(*keys: str) -> Mapping[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


ATOMIC_TYPES = frozenset(
    {
        "admissionregistration_v1.MatchResources",
        "admissionregistration_v1.NamedRuleWithOperations",
        "admissionregistration_v1.ParamKind",
        "admissionregistration_v1.ParamRef",
        "core_v1.ConfigMapKeySelector",
        "core_v1.FileKeySelector",
        "core_v1.LocalObjectReference",
        "core_v1.NodeSelector",
        "core_v1.NodeSelectorTerm",
        "core_v1.ObjectFieldSelector",
        "core_v1.ObjectReference",
        "core_v1.ResourceFieldSelector",
        "core_v1.SecretKeySelector",
        "core_v1.SecretReference",
        "core_v1.TypedLocalObjectReference",
        "discovery_v1.EndpointPort",
        "meta_v1.LabelSelector",
        "meta_v1.OwnerReference",
        "rbac_v1.RoleRef",
        "rbac_v1.Subject",
    }
)
"""Types that are owned and replaced as a whole."""

_CONTAINER: Mapping[str, Mapping[str, Any]] = {
    "ports": _by("containerPort", "protocol"),
    "env": _by("name"),
    "volumeMounts": _by("mountPath"),
    "volumeDevices": _by("devicePath"),
}
_CONDITIONED = (
    "admissionregistration_v1.ValidatingAdmissionPolicyStatus",
    "apiextensions_v1.CustomResourceDefinitionStatus",
    "apps_v1.DaemonSetStatus",
    "apps_v1.DeploymentStatus",
    "apps_v1.ReplicaSetStatus",
    "apps_v1.StatefulSetStatus",
    "autoscaling_v2.HorizontalPodAutoscalerStatus",
    "core_v1.NamespaceStatus",
    "core_v1.NodeStatus",
    "core_v1.PersistentVolumeClaimStatus",
    "core_v1.PodStatus",
    "core_v1.ServiceStatus",
    "policy_v1.PodDisruptionBudgetStatus",
)

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "admissionregistration_v1.ValidatingAdmissionPolicyBindingSpec.validationActions": _SET,
    "admissionregistration_v1.ValidatingAdmissionPolicySpec.matchConditions": _by("name"),
    "admissionregistration_v1.ValidatingAdmissionPolicySpec.variables": _by("name"),
    "apiextensions_v1.JSONSchemaProps.x-kubernetes-validations": _by("rule"),
    "core_v1.ContainerStatus.allocatedResourcesStatus": _by("name"),
    "core_v1.ContainerStatus.volumeMounts": _by("mountPath"),
    "core_v1.NodeSpec.podCIDRs": _SET,
    "core_v1.NodeStatus.addresses": _by("type"),
    "core_v1.PodSpec.containers": _by("name"),
    "core_v1.PodSpec.ephemeralContainers": _by("name"),
    "core_v1.PodSpec.evictionResponders": _by("name"),
    "core_v1.PodSpec.hostAliases": _by("ip"),
    "core_v1.PodSpec.imagePullSecrets": _by("name"),
    "core_v1.PodSpec.initContainers": _by("name"),
    "core_v1.PodSpec.nodeSelector": ATOMIC_MAP,
    "core_v1.PodSpec.resourceClaims": _by("name"),
    "core_v1.PodSpec.schedulingGates": _by("name"),
    "core_v1.PodSpec.topologySpreadConstraints": _by("topologyKey", "whenUnsatisfiable"),
    "core_v1.PodSpec.volumes": _by("name"),
    "core_v1.PodStatus.podIPs": _by("ip"),
    "core_v1.PodStatus.resourceClaimStatuses": _by("name"),
    "core_v1.ResourceRequirements.claims": _by("name"),
    "core_v1.ResourceStatus.resources": _by("resourceID"),
    "core_v1.ServiceAccount.secrets": _by("name"),
    "core_v1.ServiceSpec.ports": _by("port", "protocol"),
    "core_v1.ServiceSpec.selector": ATOMIC_MAP,
    "discovery_v1.Endpoint.addresses": _SET,
    "meta_v1.ObjectMeta.finalizers": _SET,
    "meta_v1.ObjectMeta.ownerReferences": _by("uid"),
    # Part of the key of their lists: an item that does not say has the default.
    "core_v1.ContainerPort.protocol": {"default": "TCP"},
    "core_v1.ServicePort.protocol": {"default": "TCP"},
    **{
        f"core_v1.{container}.{field}": mark
        for container in ("Container", "EphemeralContainer")
        for field, mark in _CONTAINER.items()
    },
    **{f"{status}.conditions": _by("type") for status in _CONDITIONED},
}
"""`module.Class.field` -> what is added to the field's schema."""
