"""Usages of a Certificate as the X.509 extensions KeyUsage and ExtendedKeyUsage (RFC 5280, 4.2.1.3 and 4.2.1.12)."""

from collections.abc import Set as AbstractSet

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_BITS = sorted(set(_KEY_USAGES.values()))

_EXTENDED_USAGES = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": ObjectIdentifier("2.16.840.1.113730.4.1"),
}


def unknown(usages: AbstractSet[str]) -> list[str]:
    """The usages that there are not."""
    return sorted(usages - _KEY_USAGES.keys() - _EXTENDED_USAGES.keys())


def key_usage(usages: AbstractSet[str]) -> x509.KeyUsage | None:
    """None when no usage is of this kind. Raises ValueError for `encipher only` without `key agreement`."""
    wanted = {_KEY_USAGES[each] for each in usages if each in _KEY_USAGES}
    return x509.KeyUsage(**{bit: bit in wanted for bit in _BITS}) if wanted else None


def extended_key_usage(usages: AbstractSet[str]) -> x509.ExtendedKeyUsage | None:
    """None when no usage is of this kind."""
    wanted = {_EXTENDED_USAGES[each] for each in usages if each in _EXTENDED_USAGES}
    return x509.ExtendedKeyUsage(sorted(wanted, key=lambda oid: oid.dotted_string)) if wanted else None
