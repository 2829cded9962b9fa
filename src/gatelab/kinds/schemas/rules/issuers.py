"""Issuer and ClusterIssuer: what cert-manager's webhook refuses of what concerns a lab, and the rule in CEL."""

from collections.abc import Iterator

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_ISSUERS = ("acme", "ca", "selfSigned", "vault", "venafi")
"""In the order in which the webhook looks."""


def issuer(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    found = [name for name in _ISSUERS if name in spec]
    if not found:
        yield problems.required("spec", "at least one issuer must be configured")
    for extra in found[1:]:
        yield problems.forbidden(f"spec.{extra}", "may not specify more than one issuer type")
    if "ca" in spec and not (spec["ca"] or {}).get("secretName"):
        yield problems.required("spec.ca.secretName")
    if "venafi" in spec and sum(each in spec["venafi"] for each in ("tpp", "cloud", "ngts")) != 1:
        rule = "exactly one of tpp, cloud, or ngts must be configured"
        yield problems.invalid("spec.venafi", "object", rule)
