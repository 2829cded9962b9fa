"""References to objects: of which kind, and in whose namespace, they may be (ReferenceGrant API).

There are no ReferenceGrants here, so no reference leaves its namespace.
"""

from dataclasses import dataclass

from gatelab.kinds.gatewayapi import BackendReference, SecretReference
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a reference cannot be used: a reason of ResolvedRefs and a sentence."""

    reason: str
    message: str


def target(
    field: str, reference: BackendReference | SecretReference, namespace: str, *, kind: str, else_reason: str
) -> Key | Unresolved:
    """What the reference in `field` of an object in `namespace` leads to, there or not.

    It must be to `kind` of the core group; one to another kind is told `else_reason`.
    """
    key = Key(reference.namespace or namespace, reference.name)
    if (reference.group, reference.kind) != ("", kind):
        found = f"{reference.kind}.{reference.group}" if reference.group else reference.kind
        return Unresolved(else_reason, f"{field} {found} {key}: only {kind}s of the core group will do")
    if key.namespace != namespace:
        message = f"{field} to {kind} {key}: no ReferenceGrant in {key.namespace} allows it"
        return Unresolved("RefNotPermitted", message)
    return key
