"""What BackendTLSPolicies are told: an ancestor is each Gateway with a route to one of the targets (GEP-1897, GEP-713).

A policy that nobody uses has no ancestor. What it is told does not depend on who uses it.
"""

from collections import Counter
from collections.abc import Container, Mapping

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.policy_targets import services_of, target_key
from gatelab.gateway.translate import backend_tls_policy
from gatelab.gateway.translate.listener_tls import ends_at
from gatelab.gateway.translate.observations import ACCEPTED, RESOLVED_REFS, fails, holds
from gatelab.gateway.translate.outcome import AncestorOutcome
from gatelab.gateway.translate.parents import Merged
from gatelab.gateway.translate.routes import Place
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.gateway.translate.targets import Attached
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import BackendTLSPolicy, GRPCRoute, HTTPRoute, TLSRoute
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap

_NO_ROUTES: Attached = PersistentMap()


def ancestors(
    snapshot: Snapshot, ours: Mapping[Key, Merged], attached: Mapping[Place, Attached], memo: "UsersMemo"
) -> dict[Key, tuple[AncestorOutcome, ...]]:
    """For each policy the Gateways of ours that use it, in order. `attached` are the routes of each of their
    listeners.
    """
    if not snapshot.backend_tls_policies:
        return {}
    ending = {(key, each.id) for key, one in ours.items() for each in one.listeners if ends_at(each.listener)}
    memo.take(attached)
    found: dict[Key, tuple[AncestorOutcome, ...]] = {}
    for key, policy in snapshot.backend_tls_policies.items():
        gateways = sorted({gateway for service in services_of(policy) for gateway in memo.users(service, ending)})
        if gateways:
            told = conditions(policy, snapshot)
            found[key] = tuple(AncestorOutcome(each, ours[each].controller_name, told) for each in gateways)
    return found


class UsersMemo:
    """Which Gateways use a Service: with any route but those that pass bytes on. Only routes that have come, gone or
    changed are looked at.
    """

    def __init__(self) -> None:
        self._attached: Mapping[Place, Attached] = {}
        self._uses: dict[Place, Counter[tuple[Key, bool]]] = {}

    def take(self, attached: Mapping[Place, Attached]) -> None:
        """These are the routes of each listener now."""
        self._uses = {place: self._uses.get(place) or Counter() for place in attached}
        for place, routes in attached.items():
            before, uses = self._attached.get(place, _NO_ROUTES), self._uses[place]
            for id_ in routes.changes_since(before):
                uses.update(_uses(routes.get(id_)))
                for each in _uses(before.get(id_)):
                    uses[each] -= 1
                    if not uses[each]:
                        del uses[each]
        self._attached = attached

    def users(self, service: Key, ending: Container[Place]) -> set[Key]:
        """The Gateways with a route to the Service. `ending` are the listeners at which TLS ends."""
        return {
            place[0]
            for place, uses in self._uses.items()
            if uses[service, False] or (place in ending and uses[service, True])
        }


def _uses(rules: RuleSet | None) -> list[tuple[Key, bool]]:
    """The Services that the rules lead to, each with whether only where TLS ends."""
    if rules is None or not isinstance(rules.route, HTTPRoute | GRPCRoute | TLSRoute):
        return []
    services = frozenset[Key]().union(*(rule.destination.services for rule in rules.rules))
    return [(service, isinstance(rules.route, TLSRoute)) for service in services]


def conditions(policy: BackendTLSPolicy, snapshot: Snapshot) -> tuple[Condition, ...]:
    """Accepted and ResolvedRefs."""
    generation = policy.metadata.generation
    trusted = backend_tls_policy.trusted_by(policy, snapshot)
    if trusted.refusals:
        message = "; ".join(each.message for each in trusted.refusals)
        resolved = fails(RESOLVED_REFS, generation, reason=trusted.refusals[0].reason, message=message)
    elif policy.spec.validation.ca_certificate_refs:
        resolved = holds(RESOLVED_REFS, generation, message="every caCertificateRef leads to certificates")
    else:
        resolved = holds(RESOLVED_REFS, generation, message="there is no caCertificateRef to resolve")
    return (_accepted(policy, snapshot), resolved)


def _accepted(policy: BackendTLSPolicy, snapshot: Snapshot) -> Condition:
    generation = policy.metadata.generation
    rivals = _rivals(policy, snapshot)
    if rivals:
        return fails(ACCEPTED, generation, reason="Conflicted", message="; ".join(rivals))
    missing = _missing(policy, snapshot)
    if len(missing) == len(policy.spec.target_refs):
        return fails(ACCEPTED, generation, reason="TargetNotFound", message="; ".join(missing))
    trusted, validation = backend_tls_policy.trusted_by(policy, snapshot), policy.spec.validation
    if trusted.authorities is None and not validation.ca_certificate_refs:
        named = validation.well_known_ca_certificates
        message = f"wellKnownCACertificates {named} is not known; {backend_tls_policy.SYSTEM} is"
        return fails(ACCEPTED, generation, reason="Invalid", message=message)
    if trusted.authorities is None:
        message = "no caCertificateRef can be used, so requests to the targets fail"
        return fails(ACCEPTED, generation, reason="NoValidCACertificate", message=message)
    except_for = f"; {'; '.join(missing)}" if missing else ""
    return holds(ACCEPTED, generation, message=f"its targets are spoken to with TLS{except_for}")


def _rivals(policy: BackendTLSPolicy, snapshot: Snapshot) -> list[str]:
    """A sentence for each target that another policy has."""
    found = []
    for service in services_of(policy):
        policies = snapshot.policies_of.get(service, ())
        for section in sorted(backend_tls_policy.sections(service, policy)):
            holder = backend_tls_policy.holder(service, section, policies)
            if holder is not None and holder.metadata.key != policy.metadata.key:
                what = f"Service {service}" + (f" port {section}" if section else "")
                found.append(
                    f"BackendTLSPolicy {holder.metadata.key}, which goes first by its age or name, is for {what} too"
                )
    return found


def _missing(policy: BackendTLSPolicy, snapshot: Snapshot) -> list[str]:
    """A sentence for each target that is not there."""
    found = []
    for target in policy.spec.target_refs:
        key = target_key(policy, target)
        service = snapshot.services.get(key) if key is not None else None
        if key is None:
            found.append(f"targetRef {target.kind} {target.name}: only Services of the core group will do")
        elif service is None:
            found.append(f"Service {key} does not exist")
        elif target.section_name and all(port.name != target.section_name for port in service.spec.ports):
            names = ", ".join(port.name for port in service.spec.ports if port.name) or "none"
            found.append(f"Service {key} has no port named {target.section_name}; it has {names}")
    return found
