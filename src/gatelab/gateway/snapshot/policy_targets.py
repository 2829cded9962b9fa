"""What policies are for: Services, and ports of them (GEP-713, direct policy attachment)."""

from collections.abc import Iterable, Mapping

from gatelab.kinds.gatewayapi import BackendTLSPolicy, PolicyTarget
from gatelab.kinds.objects import Key

Policies = Mapping[Key, tuple[BackendTLSPolicy, ...]]
"""The policies that are for a Service or for ports of it, by the Service."""


def policies_by_service(policies: Iterable[BackendTLSPolicy]) -> Policies:
    """The policies in their order, by what they are for."""
    found: dict[Key, list[BackendTLSPolicy]] = {}
    for policy in policies:
        for service in services_of(policy):
            found.setdefault(service, []).append(policy)
    return {service: tuple(each) for service, each in found.items()}


def services_of(policy: BackendTLSPolicy) -> tuple[Key, ...]:
    """The Services that a policy is for, in its order."""
    keys = (target_key(policy, each) for each in policy.spec.target_refs)
    return tuple(dict.fromkeys(key for key in keys if key is not None))


def target_key(policy: BackendTLSPolicy, target: PolicyTarget) -> Key | None:
    """The Service that is meant; None if it is something else, which is no backend of a route."""
    is_service = (target.group, target.kind) == ("", "Service")
    return Key(policy.metadata.namespace, target.name) if is_service else None
