"""Certificates and issuers. What keeps a Certificate from being issued is said in its status instead."""

from gatelab.kinds.unacted.fields import Field

_NO_REQUESTS = "the lab signs at once, without a CertificateRequest"

CERTIFICATE = (
    Field("spec.keystores", (), "the Secret gets PEM only; see additionalOutputFormats"),
    Field("spec.signatureAlgorithm", (), "the key of the issuer decides"),
    Field("spec.encodeUsagesInRequest", (True,), _NO_REQUESTS),
    Field("spec.revisionHistoryLimit", (), _NO_REQUESTS),
    Field("spec.renewal", (), "see renewBefore"),
)
ISSUER = (
    Field("spec.selfSigned.crlDistributionPoints", (), "there is no revocation in a lab"),
    Field("spec.ca.crlDistributionPoints", (), "there is no revocation in a lab"),
    Field("spec.ca.ocspServers", (), "there is no revocation in a lab"),
    Field("spec.ca.issuingCertificateURLs"),
)
