"""Certificate, Issuer and ClusterIssuer of cert-manager.io/v1 (cert-manager.io/docs/reference/api-docs)."""

from gatelab.kinds.schemas.build import (
    Schema,
    anything,
    array,
    boolean,
    fields,
    integer,
    mapping,
    text,
    whole,
)

GROUP_NAME = "cert-manager.io"
_USAGES = (
    "signing",
    "digital signature",
    "content commitment",
    "key encipherment",
    "key agreement",
    "data encipherment",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
    "any",
    "server auth",
    "client auth",
    "code signing",
    "email protection",
    "s/mime",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "timestamping",
    "ocsp signing",
    "microsoft sgc",
    "netscape sgc",
)
_SIGNATURES = (
    *("SHA256WithRSA", "SHA384WithRSA", "SHA512WithRSA"),
    *("ECDSAWithSHA256", "ECDSAWithSHA384", "ECDSAWithSHA512", "PureEd25519"),
)


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    issuer = {"required": ("spec",)}
    return {
        f"{GROUP_NAME}.Certificate": whole(_spec(), _status(), "A certificate kept valid in a Secret."),
        f"{GROUP_NAME}.Issuer": whole(_issuer(), _issuer_status(), "Issues in its namespace.", **issuer),
        f"{GROUP_NAME}.ClusterIssuer": whole(_issuer(), _issuer_status(), "Issues everywhere.", **issuer),
    }


def _texts(about: str = "") -> Schema:
    return array(text(), about)


def _spec() -> Schema:
    return fields(
        {
            **_names(),
            "secretName": text("The Secret that gets the key and the certificate."),
            "issuerRef": _issuer_reference(),
            "duration": text("How long it is valid, as 2160h."),
            "renewBefore": text("How long before its end it is renewed, as 360h."),
            "renewBeforePercentage": integer("The same, in per cent of the duration."),
            "isCA": boolean("Whether it may sign others."),
            "usages": array(text(enum=_USAGES), "What the key is for."),
            "privateKey": _private_key(),
            "signatureAlgorithm": text("How the request is signed.", enum=_SIGNATURES),
            "encodeUsagesInRequest": boolean("Whether usages go into the request.", default=None),
            "secretTemplate": _secret_template(),
            "keystores": _keystores(),
            "revisionHistoryLimit": integer("How many requests are kept.", least=1),
            "additionalOutputFormats": array(
                fields({"type": text(enum=("DER", "CombinedPEM"))}, required=("type",)), "More forms of the result."
            ),
            "nameConstraints": _name_constraints(),
        },
        "What is wanted.",
        required=("secretName", "issuerRef"),
    )


def _names() -> dict[str, Schema]:
    lists = ("organizations", "countries", "organizationalUnits", "localities", "provinces")
    streets = ("streetAddresses", "postalCodes")
    subject = {each: _texts() for each in (*lists, *streets)} | {"serialNumber": text()}
    other = fields({"oid": text(), "utf8Value": text()})
    return {
        "commonName": text("The common name; at most 64 characters."),
        "subject": fields(subject, "The rest of the subject."),
        "literalSubject": text("The whole subject, as in RFC 4514."),
        "dnsNames": _texts("Host names."),
        "ipAddresses": _texts("IP addresses."),
        "uris": _texts("URIs."),
        "emailAddresses": _texts("Addresses for mail."),
        "otherNames": array(other, "Other names."),
    }


def _issuer_reference() -> Schema:
    return fields(
        {
            "name": text("The issuer's name."),
            "kind": text("Issuer, which is the default, or ClusterIssuer."),
            "group": text("cert-manager.io by default."),
        },
        "The issuer.",
        required=("name",),
    )


def _private_key() -> Schema:
    return fields(
        {
            "algorithm": text("The algorithm; RSA by default.", enum=("RSA", "ECDSA", "Ed25519")),
            "encoding": text("The encoding; PKCS1 by default.", enum=("PKCS1", "PKCS8")),
            "rotationPolicy": text("Whether renewals get a new key.", enum=("Never", "Always")),
            "size": integer("Bits: 2048, 4096 or 8192 for RSA; 256, 384 or 521 for ECDSA."),
        },
        "How the key is made.",
    )


def _secret_template() -> Schema:
    return fields({"annotations": mapping(text()), "labels": mapping(text())}, "Marks on the Secret.")


def _keystores() -> Schema:
    password = fields({"name": text(), "key": text()}, required=("name",))
    shared = {"create": boolean(), "passwordSecretRef": password, "password": text()}
    profiles = ("LegacyRC2", "LegacyDES", "Modern2023")
    return fields(
        {
            "jks": fields({**shared, "alias": text()}, required=("create",)),
            "pkcs12": fields({**shared, "profile": text(enum=profiles)}, required=("create",)),
        },
        "Keystores to write.",
    )


def _name_constraints() -> Schema:
    each = fields({name: _texts() for name in ("dnsDomains", "ipRanges", "emailAddresses", "uriDomains")})
    return fields({"critical": boolean(), "permitted": each, "excluded": each}, "Names that a CA may sign.")


def _conditions() -> Schema:
    condition = fields(
        {
            "type": text(),
            "status": text(enum=("True", "False", "Unknown")),
            "reason": text(),
            "message": text(),
            "lastTransitionTime": text(format="date-time"),
            "observedGeneration": integer(bits=64),
        },
        required=("type", "status"),
    )
    return array(condition, "Observations of the controller.", keys=("type",))


def _status() -> Schema:
    moments = ("lastFailureTime", "notBefore", "notAfter", "renewalTime")
    return fields(
        {
            "conditions": _conditions(),
            **{each: text(format="date-time") for each in moments},
            "revision": integer("How often it was issued."),
            "nextPrivateKeySecretName": text("The Secret of the key in preparation."),
            "failedIssuanceAttempts": integer("Failures in a row."),
        },
        "What is the case.",
    )


def _issuer() -> Schema:
    lists = {"crlDistributionPoints": _texts(), "ocspServers": _texts(), "issuingCertificateURLs": _texts()}
    return fields(
        {
            "selfSigned": fields({"crlDistributionPoints": _texts()}, "Certificates sign themselves."),
            "ca": fields({"secretName": text("The Secret of the CA."), **lists}, required=("secretName",)),
            "acme": anything("An ACME server; not available in a lab."),
            "vault": anything("A Vault; not available in a lab."),
            "venafi": anything("Venafi; not available in a lab."),
        },
        "How it issues.",
    )


def _issuer_status() -> Schema:
    return fields({"conditions": _conditions(), "acme": anything()}, "What is the case.")
