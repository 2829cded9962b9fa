"""What the API writes into an object that does not say: the defaults of Kubernetes, Gateway API and cert-manager.

In: a pruned object of the right types. Out: a new object, complete; applying it twice is applying it once. Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any

from gatelab.kinds import builtin, stored_only
from gatelab.kinds.defaults import configuration, definitions, endpoints, pods, services, stored, workloads
from gatelab.kinds.defaults.structural import with_schema_defaults
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas.catalogue import schema_of

_DEFAULTS: Mapping[Kind, Callable[[Object], dict[str, Any]]] = {
    builtin.POD: pods.pod,
    builtin.SERVICE: services.service,
    builtin.SECRET: configuration.secret,
    builtin.EVENT: configuration.event,
    builtin.NAMESPACE: configuration.namespace,
    builtin.DEPLOYMENT: workloads.deployment,
    builtin.REPLICA_SET: workloads.replica_set,
    builtin.STATEFUL_SET: workloads.stateful_set,
    builtin.DAEMON_SET: workloads.daemon_set,
    builtin.CUSTOM_RESOURCE_DEFINITION: definitions.custom_resource_definition,
    builtin.ENDPOINT_SLICE: endpoints.endpoint_slice,
    stored_only.PERSISTENT_VOLUME_CLAIM: stored.persistent_volume_claim,
    stored_only.HORIZONTAL_POD_AUTOSCALER: stored.horizontal_pod_autoscaler,
    stored_only.ROLE_BINDING: stored.role_binding,
    stored_only.CLUSTER_ROLE_BINDING: stored.role_binding,
    stored_only.NETWORK_POLICY: stored.network_policy,
    stored_only.LIMIT_RANGE: stored.limit_range,
}


def with_defaults(kind: Kind, obj: Object) -> dict[str, Any]:
    """The object, complete."""
    native = _DEFAULTS.get(kind)
    return native(obj) if native else with_schema_defaults(schema_of(kind), obj)


def with_allocated(kind: Kind, obj: dict[str, Any], before: Object) -> dict[str, Any]:
    """The new object with what was allocated to `before` and what it does not name: addresses, ports, the node."""
    if kind == builtin.SERVICE:
        return services.with_allocated(obj, before)
    if kind == builtin.POD:
        return pods.with_allocated(obj, before)
    return obj
