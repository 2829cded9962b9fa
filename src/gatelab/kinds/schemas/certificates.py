"""Certificate of cert-manager.io/v1 (cert-manager.io/docs/reference/api-docs)."""

from gatelab.kinds.schemas.build import (
    Schema,
    array,
    boolean,
    fields,
    integer,
    mapping,
    text,
    whole,
)
from gatelab.kinds.schemas.issuers import GROUP_NAME, conditions, secret_key, texts

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
_WINDOW = r"^([0-9]+(\.[0-9]+)?(s|m|h))+$"
_SIGNATURES = (
    *("SHA256WithRSA", "SHA384WithRSA", "SHA512WithRSA"),
    *("ECDSAWithSHA256", "ECDSAWithSHA384", "ECDSAWithSHA512", "PureEd25519"),
)


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    return {f"{GROUP_NAME}.Certificate": whole(_spec(), _status(), "A certificate kept valid in a Secret.")}


def _number(about: str) -> Schema:
    """A Go `int`, whose definition names no size."""
    return {"type": "integer", "description": about}


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
            "encodeUsagesInRequest": boolean("Whether usages go into the request."),
            "secretTemplate": _secret_template(),
            "keystores": _keystores(),
            "renewal": _renewal(),
            "revisionHistoryLimit": integer("How many requests are kept."),
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
    subject = {each: texts() for each in (*lists, *streets)} | {"serialNumber": text()}
    other = fields({"oid": text(), "utf8Value": text()})
    return {
        "commonName": text("The common name; at most 64 characters."),
        "subject": fields(subject, "The rest of the subject."),
        "literalSubject": text("The whole subject, as in RFC 4514."),
        "dnsNames": texts("Host names."),
        "ipAddresses": texts("IP addresses."),
        "uris": texts("URIs."),
        "emailAddresses": texts("Addresses for mail."),
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
            "size": _number("Bits: 2048 to 8192 for RSA; 256, 384 or 521 for ECDSA."),
        },
        "How the key is made.",
    )


def _renewal() -> Schema:
    window = fields(
        {
            "cron": text("When the window opens, as in a crontab.", least=1),
            "timezone": text("The time zone of the crontab.", least=1),
            "windowDuration": text("How long it is open.", pattern=_WINDOW),
        },
        required=("cron", "windowDuration"),
    )
    policy = text("Whether it is renewed at all.", enum=("RenewBefore", "Disabled"))
    return fields({"policy": policy, "windows": array(window, "When it may be renewed.")}, "When it is renewed.")


def _secret_template() -> Schema:
    return fields({"annotations": mapping(text()), "labels": mapping(text())}, "Marks on the Secret.")


def _keystores() -> Schema:
    shared = {"create": boolean(), "passwordSecretRef": secret_key(), "password": text()}
    profiles = ("LegacyRC2", "LegacyDES", "Modern2023", "Modern2026")
    return fields(
        {
            "jks": fields({**shared, "alias": text()}, required=("create",)),
            "pkcs12": fields({**shared, "profile": text(enum=profiles)}, required=("create",)),
        },
        "Keystores to write.",
    )


def _name_constraints() -> Schema:
    each = fields({name: texts() for name in ("dnsDomains", "ipRanges", "emailAddresses", "uriDomains")})
    return fields({"critical": boolean(), "permitted": each, "excluded": each}, "Names that a CA may sign.")


def _status() -> Schema:
    moments = ("lastFailureTime", "notBefore", "notAfter", "renewalTime")
    return fields(
        {
            "conditions": conditions(),
            **{each: text(format="date-time") for each in moments},
            "revision": _number("How often it was issued."),
            "nextPrivateKeySecretName": text("The Secret of the key in preparation."),
            "failedIssuanceAttempts": _number("Failures in a row."),
            "acme": _acme_status(),
        },
        "What is the case.",
    )


def _acme_status() -> Schema:
    moment = text(format="date-time")
    window = fields({"start": moment, "end": moment}, required=("end", "start"))
    said = {"explanationURL": text(), "lastError": text(), "suggestedWindow": window}
    return fields({"ari": fields({**said, "lastChecked": moment, "nextCheck": moment})}, "What an ACME server said.")
