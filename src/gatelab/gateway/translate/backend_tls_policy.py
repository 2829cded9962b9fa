"""BackendTLSPolicy: how a Gateway speaks TLS to the Services that its routes point at (GEP-1897).

A policy for a port (`sectionName`) goes before one for the whole Service. Of several for the same target the oldest
counts, then the first by namespace/name; the others are told Conflicted (GEP-713). A policy that counts and cannot be
used is not passed over: what is sent to its target fails, and never goes out in the clear.
"""

from collections.abc import Iterable

from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.snapshot.policy_targets import target_key
from gatelab.gateway.snapshot.reference_grant import Referrer
from gatelab.gateway.translate import authorities
from gatelab.gateway.translate.age import age
from gatelab.gateway.translate.authorities import Resolved
from gatelab.gateway.translate.outcome import BackendTls
from gatelab.kinds.gatewayapi import BackendTLSPolicy, SubjectAltName
from gatelab.kinds.objects import Key
from gatelab.proxy import model

KIND = "BackendTLSPolicy"
SYSTEM = "System"
_OF_THE_SYSTEM = model.Authorities("authorities of the system", None)
"""No Secret and no ConfigMap can have a name like it: both have a "/"."""


def applying(service: Key, port: str, snapshot: Snapshot) -> BackendTLSPolicy | None:
    """The policy that counts for the port of that name ("" if it has none), if there is one."""
    policies = snapshot.policies_of.get(service, ())
    return (port and holder(service, port, policies)) or holder(service, "", policies) or None


def holder(service: Key, section_name: str, policies: Iterable[BackendTLSPolicy]) -> BackendTLSPolicy | None:
    """Of these policies the one that counts for this very target."""
    candidates = [each for each in policies if section_name in sections(service, each)]
    return min(candidates, key=age, default=None)


def sections(service: Key, policy: BackendTLSPolicy) -> set[str]:
    """What of a Service a policy is for: names of ports, "" for all of them."""
    return {each.section_name for each in policy.spec.target_refs if target_key(policy, each) == service}


def tls_of(policy: BackendTLSPolicy, snapshot: Snapshot) -> BackendTls | None:
    """How its targets are spoken to; None if that cannot be done as the policy says."""
    trusted = trusted_by(policy, snapshot).authorities
    if trusted is None:
        return None
    validation = policy.spec.validation
    names = tuple(map(_subject_name, validation.subject_alt_names)) or (model.SubjectName("dns", validation.hostname),)
    return BackendTls(validation.hostname, trusted, names)


def trusted_by(policy: BackendTLSPolicy, snapshot: Snapshot) -> Resolved:
    """The authorities that the policy names."""
    validation = policy.spec.validation
    if validation.well_known_ca_certificates and not validation.ca_certificate_refs:
        return Resolved(_OF_THE_SYSTEM if validation.well_known_ca_certificates == SYSTEM else None)
    referrer = Referrer(KIND, policy.metadata.namespace)
    return authorities.resolved(
        validation.ca_certificate_refs, referrer, snapshot.config_maps, snapshot.grants, wrong_kind="InvalidKind"
    )


def _subject_name(name: SubjectAltName) -> model.SubjectName:
    if name.type == "URI":
        return model.SubjectName("uri", name.uri)
    return model.SubjectName("dns", name.hostname)
