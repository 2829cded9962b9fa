"""The rules that schemas cannot say: names, and what fields ask of each other. One file per family of kinds.

In: a complete object, and the one it replaces. Out: problems, in the words of Kubernetes where it has words for them.
"""

from collections.abc import Callable, Iterable, Mapping

from gatelab.kinds import builtin
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules import (
    backend_tls_policies,
    certificates,
    configuration,
    controller_revisions,
    daemon_sets,
    definitions,
    gateways,
    grpc_routes,
    http_routes,
    issuers,
    l4_routes,
    metadata,
    pods,
    stateful_sets,
    workloads,
)
from gatelab.kinds.schemas.rules import services as service_rules

Rule = Callable[[Object, Object | None], Iterable[Problem]]

_RULES: Mapping[Kind, Rule] = {
    builtin.POD: pods.pod,
    builtin.DEPLOYMENT: workloads.deployment,
    builtin.REPLICA_SET: workloads.replica_set,
    builtin.STATEFUL_SET: stateful_sets.stateful_set,
    builtin.DAEMON_SET: daemon_sets.daemon_set,
    builtin.CONTROLLER_REVISION: controller_revisions.controller_revision,
    builtin.SERVICE: service_rules.service,
    builtin.ENDPOINT_SLICE: service_rules.endpoint_slice,
    builtin.SECRET: configuration.secret,
    builtin.CONFIG_MAP: configuration.config_map,
    builtin.CUSTOM_RESOURCE_DEFINITION: definitions.custom_resource_definition,
    builtin.GATEWAY_CLASS: gateways.gateway_class,
    builtin.GATEWAY: gateways.gateway,
    builtin.LISTENER_SET: gateways.listener_set,
    builtin.GRPC_ROUTE: grpc_routes.grpc_route,
    builtin.HTTP_ROUTE: http_routes.http_route,
    builtin.TLS_ROUTE: l4_routes.tls_route,
    builtin.TCP_ROUTE: l4_routes.l4_route,
    builtin.UDP_ROUTE: l4_routes.l4_route,
    builtin.BACKEND_TLS_POLICY: backend_tls_policies.backend_tls_policy,
    builtin.CERTIFICATE: certificates.certificate,
    builtin.ISSUER: issuers.issuer,
    builtin.CLUSTER_ISSUER: issuers.issuer,
}

_OF_VERSIONS: Mapping[tuple[Kind, str], Rule] = {(builtin.TLS_ROUTE, "v1alpha2"): l4_routes.l4_route}
"""The rules of versions that ask for something else than the stored one."""


def broken(kind: Kind, obj: Object, before: Object | None, version: str = "") -> list[Problem]:
    """What is wrong with the object, metadata first. `before` is None for a new object; `version` is that of the
    request, the stored one when empty.
    """
    rule = _OF_VERSIONS.get((kind, version)) or _RULES.get(kind)
    return [*metadata.broken(kind, obj), *(rule(obj, before) if rule else ())]
