"""Which fields a fieldSelector may name, kind by kind: those that Kubernetes itself selects by, and no others.

Source: `AddFieldLabelConversionsFor…` in kubernetes/pkg/apis/core/v1/conversion.go, and
`DefaultMetaV1FieldSelectorConversion` for the kinds without a conversion of their own.
"""

from collections.abc import Mapping

from gatelab.kinds.errors import BadRequest
from gatelab.kinds.fields import FieldSelector
from gatelab.kinds.kind import Kind

_METADATA = ("metadata.name", "metadata.namespace")
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "pods": (
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"),
        *("status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"),
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "events": (
        *(f"involvedObject.{field}" for field in _INVOLVED),
        *("reason", "reportingComponent", "source", "type"),
    ),
    "replicasets.apps": ("status.replicas",),
}
_OWN_WORDS = "field label not supported: {}"
_DEFAULT_WORDS = '"{}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def check(kind: Kind, selector: FieldSelector) -> None:
    """Raises BadRequest for a field that objects of the kind are not selected by."""
    own = _FIELDS.get(kind.qualified_plural) or kind.selectable or None
    known = (*_METADATA, *(own or ()))
    for requirement in selector.requirements:
        field = ".".join(requirement.path)
        if field not in known:
            raise BadRequest((_DEFAULT_WORDS if own is None else _OWN_WORDS).format(field))
