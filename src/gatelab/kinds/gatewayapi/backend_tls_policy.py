"""BackendTLSPolicy: how a Gateway speaks TLS to a Service (GEP-1897)."""

import msgspec

from gatelab.kinds.gatewayapi.references import ObjectReference
from gatelab.kinds.views import ObjectView, View


class PolicyTarget(View, frozen=True):
    """A Service of the policy's namespace; `section_name` is the name of one of its ports, "" all of them."""

    name: str
    group: str = ""
    kind: str = "Service"
    section_name: str = ""


class SubjectAltName(View, frozen=True):
    """`type` Hostname or URI, and the field of that name."""

    type: str
    hostname: str = ""
    uri: str = ""


class BackendTlsValidation(View, frozen=True):
    """`well_known_ca_certificates` is "System" or "" for those of `ca_certificate_refs`."""

    hostname: str = ""
    ca_certificate_refs: tuple[ObjectReference, ...] = ()
    well_known_ca_certificates: str = msgspec.field(name="wellKnownCACertificates", default="")
    subject_alt_names: tuple[SubjectAltName, ...] = ()


class BackendTLSPolicySpec(View, frozen=True):
    target_refs: tuple[PolicyTarget, ...] = ()
    validation: BackendTlsValidation = BackendTlsValidation()


class BackendTLSPolicy(ObjectView, frozen=True):
    spec: BackendTLSPolicySpec = BackendTLSPolicySpec()
