"""A Certificate's spec, interpreted: defaults filled, durations and addresses parsed, what makes no sense refused."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from gatelab.certs import usages
from gatelab.certs.problem import Problem
from gatelab.certs.views import CertificateSpec, CertificateView, IssuerRef
from gatelab.kinds.durations import parse_duration_ns
from gatelab.kinds.objects import Object
from gatelab.kinds.views import view

_DEFAULT_DURATION = timedelta(days=90)
_LEAST_DURATION = timedelta(hours=1)
_LEAST_RENEW_BEFORE = timedelta(minutes=5)
_DEFAULT_USAGES = ("digital signature", "key encipherment")

_DEFAULT_SIZES = {"RSA": 2048, "ECDSA": 256, "Ed25519": 0}
_SIZES = {"RSA": range(2048, 8193), "ECDSA": (256, 384, 521), "Ed25519": range(1 << 16)}

_UNSUPPORTED = {
    "spec.literalSubject": "literal_subject",
    "spec.otherNames": "other_names",
    "spec.nameConstraints": "name_constraints",
}


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """`size` is in bits; 0 for Ed25519."""

    algorithm: str
    size: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a Certificate asks for."""

    secret_name: str
    issuer: IssuerRef
    key: KeyWanted
    rotates_key: bool
    subject: x509.Name
    dns_names: tuple[str, ...]
    addresses: tuple[IPv4Address | IPv6Address, ...]
    uris: tuple[str, ...]
    emails: tuple[str, ...]
    is_ca: bool
    usages: frozenset[str]
    duration: timedelta
    renew_before: timedelta | None
    """None means a third of the lifetime."""
    labels: dict[str, str]
    annotations: dict[str, str]
    formats: tuple[str, ...]

    @property
    def common_name(self) -> str:
        found = self.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else ""

    @property
    def general_names(self) -> tuple[x509.GeneralName, ...]:
        """The subject's alternative names, in the order of the spec."""
        return (
            *(x509.DNSName(each) for each in self.dns_names),
            *(x509.IPAddress(each) for each in self.addresses),
            *(x509.UniformResourceIdentifier(each) for each in self.uris),
            *(x509.RFC822Name(each) for each in self.emails),
        )


def wanted_by(certificate: Object) -> Wanted:
    """Raises Problem, naming the field and the fix."""
    try:
        spec = view(CertificateView, certificate).spec
    except msgspec.ValidationError as error:
        raise _invalid(f"{error}; correct the field") from error
    _check_supported(spec)
    duration = _duration("spec.duration", spec.duration, _LEAST_DURATION) or _DEFAULT_DURATION
    wanted = Wanted(
        secret_name=spec.secret_name,
        issuer=spec.issuer_ref,
        key=_key(spec),
        rotates_key=spec.private_key.rotation_policy == "Always",
        subject=_subject(spec),
        dns_names=spec.dns_names,
        addresses=tuple(_address(index, each) for index, each in enumerate(spec.ip_addresses)),
        uris=spec.uris,
        emails=spec.email_addresses,
        is_ca=spec.is_ca,
        usages=frozenset(spec.usages or _DEFAULT_USAGES) | (frozenset({"cert sign"}) if spec.is_ca else frozenset()),
        duration=duration,
        renew_before=_renew_before(spec, duration),
        labels=spec.secret_template.labels,
        annotations=spec.secret_template.annotations,
        formats=tuple(each.type for each in spec.additional_output_formats),
    )
    _check_names(wanted)
    return wanted


def _invalid(message: str) -> Problem:
    return Problem("InvalidSpec", message)


def _check_supported(spec: CertificateSpec) -> None:
    if not spec.secret_name:
        raise _invalid("spec.secretName: must be set")
    for field, attribute in _UNSUPPORTED.items():
        if getattr(spec, attribute):
            raise Problem("Unsupported", f"{field}: not supported by gatelab; remove it")


def _key(spec: CertificateSpec) -> KeyWanted:
    key = spec.private_key
    if key.algorithm not in _SIZES:
        raise _invalid(f"spec.privateKey.algorithm: {key.algorithm!r} is not one of RSA, ECDSA, Ed25519")
    size = key.size or _DEFAULT_SIZES[key.algorithm]
    if size not in _SIZES[key.algorithm]:
        choice = "2048 to 8192" if key.algorithm == "RSA" else "256, 384 or 521"
        raise _invalid(f"spec.privateKey.size: {size} is not a size of {key.algorithm}; use {choice}")
    return KeyWanted(key.algorithm, 0 if key.algorithm == "Ed25519" else size, key.encoding)


def _subject(spec: CertificateSpec) -> x509.Name:
    given = spec.subject
    fields = (
        (NameOID.COUNTRY_NAME, given.countries),
        (NameOID.ORGANIZATION_NAME, given.organizations),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, given.organizational_units),
        (NameOID.LOCALITY_NAME, given.localities),
        (NameOID.STATE_OR_PROVINCE_NAME, given.provinces),
        (NameOID.STREET_ADDRESS, given.street_addresses),
        (NameOID.POSTAL_CODE, given.postal_codes),
        (NameOID.COMMON_NAME, (spec.common_name,) if spec.common_name else ()),
        (NameOID.SERIAL_NUMBER, (given.serial_number,) if given.serial_number else ()),
    )
    try:
        return x509.Name([x509.NameAttribute(oid, value) for oid, values in fields for value in values])
    except ValueError as error:
        raise _invalid(f"spec.commonName or spec.subject: {error}") from error


def _address(index: int, text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError as error:
        raise _invalid(f"spec.ipAddresses[{index}]: {text!r} is not an IP address") from error


def _duration(field: str, text: str | None, least: timedelta) -> timedelta | None:
    if text is None:
        return None
    try:
        duration = timedelta(microseconds=parse_duration_ns(text) // 1000)
    except (ValueError, OverflowError) as error:
        raise _invalid(f"{field}: {error}") from error
    if duration < least:
        raise _invalid(f"{field}: {text} is too short; the least is {int(least.total_seconds())}s")
    return duration


def _renew_before(spec: CertificateSpec, duration: timedelta) -> timedelta | None:
    before = _duration("spec.renewBefore", spec.renew_before, _LEAST_RENEW_BEFORE)
    percentage = spec.renew_before_percentage
    if before is None and percentage is not None:
        if not 0 < percentage < 100:
            raise _invalid(f"spec.renewBeforePercentage: {percentage} is not between 0 and 100")
        before = duration * percentage / 100
    if before is not None and before >= duration:
        raise _invalid(f"spec.renewBefore: {before} must be less than spec.duration, {duration}")
    return before


def _check_names(wanted: Wanted) -> None:
    try:
        names = wanted.general_names
    except ValueError as error:
        raise _invalid(f"spec.dnsNames, spec.uris or spec.emailAddresses: {error}") from error
    if unknown := usages.unknown(wanted.usages):
        raise _invalid(f"spec.usages: {unknown[0]!r} is not a usage of X.509")
    try:
        usages.key_usage(wanted.usages)
    except ValueError as error:
        raise _invalid(f"spec.usages: {error}") from error
    if not names and not wanted.common_name:
        raise _invalid("spec: at least one of commonName, dnsNames, ipAddresses, uris, emailAddresses must be set")
