"""What is stored and not acted on: said to the client that writes it, in a warning.

In: an object, complete, and its kind. Out: sentences that name the kind, the field and, where there is one, the fix. A
file for each group of kinds holds their tables. It must not change or refuse anything. What a controller tells in a
status or an Event (a Gateway's listener, a route's filter, a volume) is not said here again.
"""

from collections.abc import Mapping, Sequence

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.kinds.stored_only import STORED_ONLY
from gatelab.kinds.unacted.certificates import CERTIFICATE, ISSUER
from gatelab.kinds.unacted.core import SERVICE, SERVICE_ACCOUNT
from gatelab.kinds.unacted.fields import Field, found
from gatelab.kinds.unacted.gateways import BACKEND_TLS_POLICY, GATEWAY, LISTENER_SET, ROUTE
from gatelab.kinds.unacted.pods import POD, POD_TEMPLATE, STATEFUL_SET

__all__ = ["FIELDS", "warnings"]

FIELDS: Mapping[str, Sequence[Field]] = {
    "services": SERVICE,
    "serviceaccounts": SERVICE_ACCOUNT,
    "pods": POD,
    "deployments.apps": POD_TEMPLATE,
    "replicasets.apps": POD_TEMPLATE,
    "statefulsets.apps": STATEFUL_SET,
    "daemonsets.apps": POD_TEMPLATE,
    "certificates.cert-manager.io": CERTIFICATE,
    "issuers.cert-manager.io": ISSUER,
    "clusterissuers.cert-manager.io": ISSUER,
    "gateways.gateway.networking.k8s.io": GATEWAY,
    "listenersets.gateway.networking.k8s.io": LISTENER_SET,
    "grpcroutes.gateway.networking.k8s.io": ROUTE,
    "httproutes.gateway.networking.k8s.io": ROUTE,
    "tlsroutes.gateway.networking.k8s.io": ROUTE,
    "tcproutes.gateway.networking.k8s.io": ROUTE,
    "udproutes.gateway.networking.k8s.io": ROUTE,
    "backendtlspolicies.gateway.networking.k8s.io": BACKEND_TLS_POLICY,
}
"""The fields of each kind, by its qualified plural."""

_STORED_ONLY = frozenset(kind.qualified_plural for kind in STORED_ONLY)


def warnings(kind: Kind, obj: Object) -> list[str]:
    """A sentence for each field of the object that nothing acts on; or one for the whole kind."""
    if kind.qualified_plural in _STORED_ONLY:
        return [f"{kind.name} is stored; gatelab does not act on it"]
    return [f"{kind.name} {said}" for field in FIELDS.get(kind.qualified_plural, ()) for said in found(field, obj)]
