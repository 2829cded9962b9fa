"""Names that we make up: suffixes of generated names, template hashes, names cut to a length."""

import hashlib
import secrets

import msgspec

from gatelab.kinds.objects import Object

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""`k8s.io/apimachinery/pkg/util/rand`: no vowels and no 0, 1, 3, so that no words come out."""

SUFFIX_LENGTH = 5
LABEL_LIMIT = 63
"""A DNS label (RFC 1123), so also a label value's and a Service name's limit."""

_HASH_LENGTH = 10
_GENERATED_PREFIX_LIMIT = LABEL_LIMIT - SUFFIX_LENGTH


def random_suffix() -> str:
    """Five characters, as `generateName` gets them."""
    return "".join(secrets.choice(ALPHABET) for _ in range(SUFFIX_LENGTH))


def generated(prefix: str) -> str:
    """A name from a `generateName`: the prefix, cut to leave room, and a random suffix."""
    return prefix[:_GENERATED_PREFIX_LIMIT] + random_suffix()


def digest(data: bytes, length: int = _HASH_LENGTH) -> str:
    """A short digest of `data`, in the alphabet of generated names."""
    number = int.from_bytes(hashlib.sha256(data).digest()[:16], "big")
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters)


def template_hash(template: Object, collision_count: int | None = None) -> str:
    """The value of `pod-template-hash`: the same for equal templates, whatever the order of their fields.

    `collision_count` (Deployment status) gives another hash when the first one belongs to another template.
    """
    data = msgspec.json.encode(template, order="deterministic")
    return digest(data if collision_count is None else data + f"#{collision_count}".encode())


def shortened(name: str, limit: int = LABEL_LIMIT) -> str:
    """`name` if it fits, else its head and a digest of the whole, so that different names stay different."""
    if len(name) <= limit:
        return name
    tail = digest(name.encode(), 8)
    return f"{name[: limit - len(tail) - 1].rstrip('-.')}-{tail}"
