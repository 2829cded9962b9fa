"""Private keys: made, read, written, compared with what is wanted."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gatelab.certs.wanted import KeyWanted

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_CURVES: dict[int, type[ec.EllipticCurve]] = {256: ec.SECP256R1, 384: ec.SECP384R1, 521: ec.SECP521R1}


def new_key(wanted: KeyWanted) -> Key:
    """Takes a tenth of a second and more for RSA: not for the event loop's thread."""
    if wanted.algorithm == "ECDSA":
        return ec.generate_private_key(_CURVES[wanted.size]())
    if wanted.algorithm == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, wanted.size)


def to_pem(key: Key, encoding: str) -> bytes:
    """PKCS1 means the traditional form of each algorithm (RSA: PKCS#1, EC: SEC 1); Ed25519 has PKCS#8 only."""
    traditional = encoding == "PKCS1" and not isinstance(key, ed25519.Ed25519PrivateKey)
    form = PrivateFormat.TraditionalOpenSSL if traditional else PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


def to_der(key: Key, encoding: str) -> bytes:
    """The same as DER."""
    traditional = encoding == "PKCS1" and not isinstance(key, ed25519.Ed25519PrivateKey)
    form = PrivateFormat.TraditionalOpenSSL if traditional else PrivateFormat.PKCS8
    return key.private_bytes(Encoding.DER, form, NoEncryption())


def from_pem(pem: bytes) -> Key:
    """Raises ValueError, with nothing of the key in its text."""
    try:
        # The test of primes takes 50 ms at 2048 bits and 470 ms at 4096, at every look at a Secret.
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not a PEM private key") from error
    if not isinstance(key, Key):
        raise ValueError("not an RSA, ECDSA or Ed25519 key")
    if isinstance(key, rsa.RSAPrivateKey) and not _is_consistent(key.private_numbers()):
        raise ValueError("an RSA key whose numbers do not fit together")
    return key


def _is_consistent(numbers: rsa.RSAPrivateNumbers) -> bool:
    product = numbers.d * numbers.public_numbers.e
    return numbers.p * numbers.q == numbers.public_numbers.n and all(
        product % (prime - 1) == 1 for prime in (numbers.p, numbers.q)
    )


def mismatches(key: Key, wanted: KeyWanted) -> list[str]:
    """The fields of the spec that the key does not fit."""
    algorithm, size = _described(key)
    if algorithm != wanted.algorithm:
        return ["spec.privateKey.algorithm"]
    return ["spec.privateKey.size"] if size != wanted.size else []


def _described(key: Key) -> tuple[str, int]:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return "ECDSA", key.curve.key_size
    return "Ed25519", 0


def same(one: PublicKey, other: PublicKey) -> bool:
    """Whether two public keys are one."""
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return one.public_bytes(*form) == other.public_bytes(*form)


def signature_hash(key: Key) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash of the key's strength; Ed25519 has its own."""
    algorithm, size = _described(key)
    if algorithm == "Ed25519":
        return None
    if (algorithm == "RSA" and size >= 4096) or size == 521:
        return hashes.SHA512()
    return hashes.SHA384() if (algorithm == "RSA" and size >= 3072) or size == 384 else hashes.SHA256()
