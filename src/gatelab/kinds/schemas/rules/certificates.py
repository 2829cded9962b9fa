"""Certificate: what cert-manager's webhook refuses (internal/apis/certmanager/validation of its sources)."""

from collections.abc import Iterator, Mapping
from typing import Any

from gatelab.kinds.durations import parse_duration_ns
from gatelab.kinds.ip_addresses import is_ip
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules import metadata

_GROUP = "cert-manager.io"
_NAMES = ("commonName", "dnsNames", "uris", "emailAddresses", "ipAddresses", "otherNames", "literalSubject")
_CURVES = (256, 384, 521)
_SIGNATURES = {
    "RSA": ("SHA256WithRSA", "SHA384WithRSA", "SHA512WithRSA"),
    "ECDSA": ("ECDSAWithSHA256", "ECDSAWithSHA384", "ECDSAWithSHA512"),
    "Ed25519": ("PureEd25519",),
}
_HOUR_NS = 3600 * 10**9
_LEAST_RENEW_BEFORE_NS = 5 * 60 * 10**9
_DEFAULT_DURATION_NS = 90 * 24 * _HOUR_NS

Spec = Mapping[str, Any]


def certificate(obj: Object, _: Object | None) -> Iterator[Problem]:
    spec = obj.get("spec") or {}
    if not spec.get("secretName"):
        yield problems.required("spec.secretName", "must be specified")
    else:
        yield from metadata.subdomain_problems("spec.secretName", spec["secretName"])
    yield from _issuer_reference(spec.get("issuerRef") or {})
    yield from _names(spec)
    yield from _key(spec)
    yield from _times(spec)
    if spec.get("revisionHistoryLimit", 1) < 1:
        yield problems.invalid("spec.revisionHistoryLimit", spec["revisionHistoryLimit"], "must not be less than 1")
    yield from _secret(spec)
    yield from _keystores(spec.get("keystores") or {})
    if (spec.get("renewal") or {}).get("policy") == "Disabled" and spec["renewal"].get("windows"):
        rule = "windows cannot be set when `renewal.policy` is set to Disabled"
        yield problems.forbidden("spec.renewal.windows", rule)


def _issuer_reference(reference: Mapping[str, Any]) -> Iterator[Problem]:
    if not reference.get("name"):
        yield problems.required("spec.issuerRef.name", "must be specified")
    group, kind = reference.get("group", ""), reference.get("kind", "")
    if group in ("", _GROUP) and kind not in ("", "Issuer", "ClusterIssuer"):
        hint = "" if group else " (did you forget to set spec.issuerRef.group?)"
        yield problems.invalid("spec.issuerRef.kind", kind, f"must be one of Issuer or ClusterIssuer{hint}")


def _names(spec: Spec) -> Iterator[Problem]:
    if not any(spec.get(name) for name in _NAMES):
        rule = (
            "at least one of commonName (from the commonName field or from a literalSubject), dnsNames, emailSANs, "
            "ipAddresses, otherNames, or uriSANs must be set"
        )
        yield problems.invalid("spec", "", rule)
    if len(spec.get("commonName") or "") > 64:
        yield problems.too_long("spec.commonName", 64)
    if spec.get("literalSubject") and spec.get("commonName"):
        rule = "When providing a `LiteralSubject` no `commonName` may be provided."
        yield problems.invalid("spec.commonName", spec["commonName"], rule)
    if spec.get("literalSubject") and any((spec.get("subject") or {}).values()):
        rule = "When providing a `LiteralSubject` no `Subject` properties may be provided."
        yield problems.invalid("spec.subject", spec["subject"], rule)
    for index, address in enumerate(spec.get("ipAddresses") or ()):
        if not is_ip(address):
            yield problems.invalid(f"spec.ipAddresses[{index}]", address, "invalid IP address")


def _key(spec: Spec) -> Iterator[Problem]:
    key = spec.get("privateKey") or {}
    algorithm, size = key.get("algorithm", "RSA"), key.get("size", 0)
    if algorithm == "RSA" and size > 0 and not 2048 <= size <= 8192:
        yield problems.invalid("spec.privateKey.size", size, "must be between 2048 and 8192 for rsa keyAlgorithm")
    if algorithm == "ECDSA" and size > 0 and size not in _CURVES:
        yield problems.unsupported("spec.privateKey.size", size, [str(each) for each in _CURVES])
    signature, allowed = spec.get("signatureAlgorithm"), _SIGNATURES.get(algorithm, ())
    if signature and signature not in allowed:
        rule = f"for key algorithm {algorithm} the allowed signature algorithms are [{' '.join(allowed)}]"
        yield problems.invalid("spec.signatureAlgorithm", signature, rule)


def _times(spec: Spec) -> Iterator[Problem]:
    moments = {}
    for field in ("duration", "renewBefore"):
        try:
            moments[field] = parse_duration_ns(spec[field]) if field in spec else None
        except ValueError as error:
            yield problems.invalid(f"spec.{field}", spec[field], str(error))
            return
    duration, before, percentage = moments["duration"], moments["renewBefore"], spec.get("renewBeforePercentage")
    if duration is None and before is None:
        return
    life = duration or _DEFAULT_DURATION_NS
    if life < _HOUR_NS:
        yield problems.invalid("spec.duration", spec["duration"], "certificate duration must be greater than 1h0m0s")
    if before is not None and percentage is not None:
        rule = "renewBefore and renewBeforePercentage are mutually exclusive and cannot both be set"
        yield problems.invalid("spec.renewBefore", spec["renewBefore"], rule)
    if before is not None and before < _LEAST_RENEW_BEFORE_NS:
        rule = "certificate renewBefore must be greater than 5m0s"
        yield problems.invalid("spec.renewBefore", spec["renewBefore"], rule)
    if before is not None and before >= life:
        rule = f"certificate duration {spec.get('duration', '2160h')} must be greater than it"
        yield problems.invalid("spec.renewBefore", spec["renewBefore"], rule)
    if percentage is not None and not 0 < percentage < 100:
        rule = "certificate renewBeforePercentage must result in a renewBefore less than duration"
        yield problems.invalid("spec.renewBeforePercentage", percentage, rule)


def _secret(spec: Spec) -> Iterator[Problem]:
    template = spec.get("secretTemplate") or {}
    yield from metadata.labels(template.get("labels") or {}, "spec.secretTemplate.labels")
    for key in template.get("annotations") or ():
        if key.startswith(f"{_GROUP}/") and key != f"{_GROUP}/allow-direct-injection":
            rule = "cert-manager.io/* annotations are not allowed"
            yield problems.invalid("spec.secretTemplate.annotations", key, rule)
    types = [each["type"] for each in spec.get("additionalOutputFormats") or ()]
    for each in sorted({each for each in types if types.count(each) > 1}):
        yield problems.duplicate("spec.additionalOutputFormats[type]", each)


def _keystores(stores: Mapping[str, Any]) -> Iterator[Problem]:
    for field, word in (("jks", "JKS"), ("pkcs12", "PKCS#12")):
        store = stores.get(field)
        if store is None:
            continue
        is_literal, is_named = "password" in store, bool((store.get("passwordSecretRef") or {}).get("name"))
        path = f"spec.keystores.{field}"
        if is_literal and is_named:
            rule = f"exactly one of passwordSecretRef and password must be provided for {word} keystores"
            yield problems.forbidden(path, f"{rule}; cannot set both")
        elif not is_literal and not is_named:
            rule = f"must set exactly one of passwordSecretRef and password for {word} keystores"
            yield problems.forbidden(path, rule)
        elif is_literal and not store["password"]:
            rule = f"literal password cannot be empty if set on {word} keystores"
            yield problems.forbidden(f"{path}.password", rule)
