"""Typed views of cert-manager.io/v1: Certificate, Issuer and ClusterIssuer, as far as they are heeded."""

from typing import Any

import msgspec

from gatelab.kinds.views import ObjectView, View


class Subject(View, frozen=True):
    organizations: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    organizational_units: tuple[str, ...] = ()
    localities: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    street_addresses: tuple[str, ...] = ()
    postal_codes: tuple[str, ...] = ()
    serial_number: str = ""


class IssuerRef(View, frozen=True):
    name: str = ""
    kind: str = "Issuer"
    group: str = "cert-manager.io"


class PrivateKey(View, frozen=True):
    algorithm: str = "RSA"
    size: int = 0
    encoding: str = "PKCS1"
    rotation_policy: str = "Always"


class SecretTemplate(View, frozen=True):
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}


class OutputFormat(View, frozen=True):
    type: str


class CertificateSpec(View, frozen=True):
    secret_name: str = ""
    issuer_ref: IssuerRef = IssuerRef()
    common_name: str = ""
    subject: Subject = Subject()
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    email_addresses: tuple[str, ...] = ()
    is_ca: bool = msgspec.field(name="isCA", default=False)
    usages: tuple[str, ...] = ()
    duration: str | None = None
    renew_before: str | None = None
    renew_before_percentage: int | None = None
    private_key: PrivateKey = PrivateKey()
    secret_template: SecretTemplate = SecretTemplate()
    additional_output_formats: tuple[OutputFormat, ...] = ()
    # Known, and refused rather than left out of the certificate in silence.
    literal_subject: str = ""
    other_names: tuple[Any, ...] = ()
    name_constraints: Any = None


class CertificateView(ObjectView, frozen=True):
    spec: CertificateSpec = CertificateSpec()


class CaIssuer(View, frozen=True):
    secret_name: str = ""


class IssuerSpec(View, frozen=True):
    self_signed: Any = None
    ca: CaIssuer | None = None


class IssuerView(ObjectView, frozen=True):
    spec: IssuerSpec = IssuerSpec()
