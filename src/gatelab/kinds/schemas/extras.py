"""What `lightkube.models` do not say about Kubernetes' own kinds: how lists merge, which strings are bytes, enums.

Merge keys are those that strategic merge patches use (API concepts, "Strategic merge patch"): kubectl computes its
three-way patches from the same marks, read from our OpenAPI documents.
"""

from collections.abc import Mapping
from typing import Any


def _merge(key: str, strategy: str = "merge") -> dict[str, Any]:
    return {"x-kubernetes-patch-merge-key": key, "x-kubernetes-patch-strategy": strategy}


def _enum(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


_SET = {"x-kubernetes-patch-strategy": "merge"}
_BYTES = {"additionalProperties": {"type": "string", "format": "byte"}}
_FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_JSON_SCHEMA = {"$ref": "apiextensions_v1.JSONSchemaProps"}
_SCHEMA_MAPS = ("properties", "patternProperties", "definitions", "dependencies")
_QUANTITY = {"x-kubernetes-int-or-string": True, "format": "quantity"}
_QUOTAS = ("hard", "used", "default", "defaultRequest", "max", "min", "maxLimitRequestRatio")
_QUANTITY_MAPS = ("limits", "requests", "overhead", "allocatable", "capacity", "allocatedResources", *_QUOTAS)


def map_schema(field: str) -> dict[str, Any]:
    """The schema of a field that is a map in the models, by its name."""
    if field == "fieldsV1":
        return dict(_FREE)
    values: dict[str, Any] = {"type": "string"}
    if field in _QUANTITY_MAPS:
        values = dict(_QUANTITY)
    elif field == "extra":
        values = {"type": "array", "items": {"type": "string"}}
    return {"type": "object", "additionalProperties": values}


_CONTAINER = {
    "ports": _merge("containerPort"),
    "env": _merge("name"),
    "volumeMounts": _merge("mountPath"),
    "volumeDevices": _merge("devicePath"),
    "imagePullPolicy": _enum("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": _enum("File", "FallbackToLogsOnError"),
}
_CONDITIONS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Node", "Pod", "Service", "Namespace")

OPTIONAL = frozenset({"discovery_v1.EndpointSlice.endpoints", "apps_v1.ControllerRevision.data"})
"""Fields that the models require and the API does not."""

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "meta_v1.ObjectMeta.ownerReferences": _merge("uid"),
    "meta_v1.ObjectMeta.finalizers": _SET,
    "core_v1.PodSpec.containers": _merge("name"),
    "core_v1.PodSpec.initContainers": _merge("name"),
    "core_v1.PodSpec.ephemeralContainers": _merge("name"),
    "core_v1.PodSpec.volumes": _merge("name", "merge,retainKeys"),
    "core_v1.PodSpec.imagePullSecrets": _merge("name"),
    "core_v1.PodSpec.hostAliases": _merge("ip"),
    "core_v1.PodSpec.topologySpreadConstraints": _merge("topologyKey"),
    "core_v1.PodSpec.schedulingGates": _merge("name"),
    "core_v1.PodSpec.resourceClaims": _merge("name", "merge,retainKeys"),
    "core_v1.PodSpec.restartPolicy": _enum("Always", "OnFailure", "Never"),
    "core_v1.PodSpec.dnsPolicy": _enum("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "core_v1.PodSpec.evictionResponders": _merge("name"),
    "core_v1.PodStatus.podIPs": _merge("ip"),
    "core_v1.PodStatus.hostIPs": _merge("ip"),
    "core_v1.PodStatus.nodeAllocatableResourceClaimStatuses": _merge("resourceClaimName"),
    "core_v1.PodVolumeHealth.healthConditions": _merge("status"),
    "core_v1.NodeAllocatableResourceClaimStatus.mapping": _merge("name"),
    "core_v1.NodeAllocatableResourceClaimStatus.overhead": _merge("name"),
    "core_v1.ContainerStatus.volumeMounts": _merge("mountPath"),
    "core_v1.ContainerStatus.allocatedResourcesStatus": _merge("name"),
    "core_v1.PodStatus.resourceClaimStatuses": _merge("name", "merge,retainKeys"),
    "core_v1.ContainerPort.protocol": _enum("TCP", "UDP", "SCTP"),
    "core_v1.NodeStatus.addresses": _merge("type"),
    "core_v1.NodeSpec.podCIDRs": _SET,
    "core_v1.ServiceSpec.ports": _merge("port"),
    "core_v1.ServiceSpec.type": _enum("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    "core_v1.ServiceSpec.sessionAffinity": _enum("None", "ClientIP"),
    "core_v1.ServiceSpec.externalTrafficPolicy": _enum("Cluster", "Local"),
    "core_v1.ServiceSpec.internalTrafficPolicy": _enum("Cluster", "Local"),
    "core_v1.ServiceSpec.ipFamilyPolicy": _enum("SingleStack", "PreferDualStack", "RequireDualStack"),
    "core_v1.ServicePort.protocol": _enum("TCP", "UDP", "SCTP"),
    "core_v1.ServiceAccount.secrets": _merge("name"),
    "core_v1.PersistentVolumeClaimStatus.conditions": _merge("type"),
    "policy_v1.PodDisruptionBudgetStatus.conditions": _merge("type"),
    "autoscaling_v2.HorizontalPodAutoscalerStatus.conditions": _merge("type"),
    "admissionregistration_v1.ValidatingAdmissionPolicySpec.matchConditions": _merge("name"),
    "admissionregistration_v1.ValidatingAdmissionPolicySpec.variables": _merge("name"),
    "core_v1.Secret.data": _BYTES,
    "core_v1.ConfigMap.binaryData": _BYTES,
    "apps_v1.DeploymentSpec.strategy": {"x-kubernetes-patch-strategy": "retainKeys"},
    "apps_v1.DeploymentStrategy.type": _enum("Recreate", "RollingUpdate"),
    "apps_v1.ControllerRevision.data": {**_FREE, "additionalProperties": {}},
    **{f"apiextensions_v1.JSONSchemaProps.{field}": {"additionalProperties": _JSON_SCHEMA} for field in _SCHEMA_MAPS},
    "apiextensions_v1.JSONSchemaProps.items": {"type": "object", **_JSON_SCHEMA},
    "discovery_v1.EndpointSlice.addressType": _enum("IPv4", "IPv6", "FQDN"),
    **{
        f"core_v1.{container}.{field}": extra
        for container in ("Container", "EphemeralContainer")
        for field, extra in _CONTAINER.items()
    },
    **{
        f"{'apps' if kind.endswith(('Set', 'Deployment')) else 'core'}_v1.{kind}Status.conditions": _merge("type")
        for kind in _CONDITIONS
    },
}
"""`module.Class.field` -> what is added to the field's schema."""
