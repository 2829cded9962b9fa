"""Fields of the experimental channel of the Gateway API: said to the client that writes them, in a warning.

The lab serves the experimental channel (Gateway API, "Versioning"); most clusters have the standard one, where kubectl
refuses such a field and other clients lose it in silence.
"""

from collections.abc import Mapping, Sequence

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.kinds.unacted.fields import values

EXPERIMENTAL: Mapping[str, Sequence[str]] = {
    "httproutes.gateway.networking.k8s.io": (
        "spec.rules[].retry",
        "spec.rules[].sessionPersistence",
        "spec.rules[].filters[].externalAuth",
        "spec.rules[].backendRefs[].filters[].externalAuth",
        "spec.useDefaultGateways",
    ),
    "grpcroutes.gateway.networking.k8s.io": ("spec.rules[].sessionPersistence", "spec.useDefaultGateways"),
    "tlsroutes.gateway.networking.k8s.io": ("spec.useDefaultGateways",),
    "tcproutes.gateway.networking.k8s.io": ("spec.useDefaultGateways",),
    "udproutes.gateway.networking.k8s.io": ("spec.useDefaultGateways",),
    "gateways.gateway.networking.k8s.io": ("spec.defaultScope",),
}
"""The fields of each kind, by its qualified plural, that the standard channel does not have."""


def warnings(kind: Kind, obj: Object) -> list[str]:
    """A sentence for each field of the object that the standard channel does not have."""
    return [
        f"{kind.name} {path} is of the experimental channel; a cluster with the standard channel does not have it"
        for field in EXPERIMENTAL.get(kind.qualified_plural, ())
        for path, _ in values(field, obj)
    ]
