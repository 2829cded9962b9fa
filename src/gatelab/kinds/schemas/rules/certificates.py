"""Certificate, Issuer and ClusterIssuer: what cert-manager's webhook refuses."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_NAMES = ("commonName", "dnsNames", "uris", "emailAddresses", "ipAddresses", "otherNames", "literalSubject")
_SIZES = {"RSA": range(2048, 8193), "ECDSA": (256, 384, 521)}
_ISSUERS = ("selfSigned", "ca", "acme", "vault", "venafi")
_GO_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+|0")


def certificate(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    if not spec.get("secretName"):
        yield problems.required("spec.secretName", "must be specified")
    if not (spec.get("issuerRef") or {}).get("name"):
        yield problems.required("spec.issuerRef.name", "must be specified")
    if not any(spec.get(name) for name in _NAMES):
        rule = (
            "at least one of commonName (from the commonName field or from a literalSubject), dnsNames, uriSANs, "
            "ipAddresses, emailSANs or otherNames must be set"
        )
        yield problems.invalid("spec", "", rule)
    if len(spec.get("commonName") or "") > 64:
        yield problems.too_long("spec.commonName", 64)
    for index, address in enumerate(spec.get("ipAddresses") or ()):
        if not _is_address(address):
            yield problems.invalid(f"spec.ipAddresses[{index}]", address, "invalid IP address")
    for field in ("duration", "renewBefore"):
        if field in spec and not _GO_DURATION.fullmatch(spec[field]):
            yield problems.invalid(f"spec.{field}", spec[field], "must be a duration such as 2160h or 90m")
    key = spec.get("privateKey") or {}
    sizes = _SIZES.get(key.get("algorithm", "RSA"))
    if sizes is not None and key.get("size") and key["size"] not in sizes:
        supported = ["256", "384", "521"] if key.get("algorithm") == "ECDSA" else ["2048", "4096", "8192"]
        yield problems.unsupported("spec.privateKey.size", key["size"], supported)


def issuer(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    found = [name for name in _ISSUERS if name in spec]
    if not found:
        yield problems.required("spec", "at least one issuer must be configured")
    for extra in found[1:]:
        yield problems.forbidden(f"spec.{extra}", "may not specify more than one issuer type")
    if "ca" in spec and not (spec["ca"] or {}).get("secretName"):
        yield problems.required("spec.ca.secretName")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
