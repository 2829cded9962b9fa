"""Certificates as texts, for an engine that takes no context of the standard library."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM. `roots` None: those that the library brings along; `key` and `certificate` are the client's."""

    roots: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
