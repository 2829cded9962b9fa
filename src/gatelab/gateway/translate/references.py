"""References to objects: of which kind, and in whose namespace, they may be (ReferenceGrant API)."""

from dataclasses import dataclass

from gatelab.gateway.snapshot.reference_grant import Grants, Referrer
from gatelab.kinds.gatewayapi import BackendReference, MirrorReference, ObjectReference, SecretReference
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a reference cannot be used: a reason of ResolvedRefs and a sentence."""

    reason: str
    message: str


def target(
    field: str,
    reference: BackendReference | MirrorReference | ObjectReference | SecretReference,
    referrer: Referrer,
    grants: Grants,
    *,
    kind: str,
    else_reason: str,
) -> Key | Unresolved:
    """What the reference in `field` of the referrer leads to, there or not.

    It must be to `kind` of the core group; one to another kind is told `else_reason`.
    """
    key = Key(reference.namespace or referrer.namespace, reference.name)
    if (reference.group, reference.kind) != ("", kind):
        found = f"{reference.kind}.{reference.group}" if reference.group else reference.kind
        return Unresolved(else_reason, f"{field} {found} {key}: only {kind}s of the core group will do")
    if not grants.allow(referrer, "", kind, key):
        who = f"{referrer.kind}s of {referrer.namespace}"
        message = f"{field} to {kind} {key}: no ReferenceGrant in {key.namespace} allows it to {who}"
        return Unresolved("RefNotPermitted", message)
    return key
