"""`-H 'name: value'`: metadata from the command line, by grpcurl's rules."""

import base64
import binascii
import os
import re
from collections.abc import Sequence

from gatelab.call.errors import CallError
from gatelab.grpc_wire.metadata import SET_BY_GRPC, Metadata

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def metadata_of(headers: Sequence[str]) -> Metadata:
    """Names are lower-cased, a missing value is empty, the values of `-bin` names are base64 where they can be.

    Those that are gRPC's own are left out (`reserved_in`).
    """
    pairs: list[tuple[str, str | bytes]] = []
    for header in filter(None, headers):
        name, _, value = (part.strip() for part in header.partition(":"))
        name = name.lower()
        if name in SET_BY_GRPC:
            continue
        pairs.append((name, _decoded(value) if name.endswith("-bin") else value))
    return pairs


def reserved_in(headers: Sequence[str]) -> Sequence[str]:
    """Names of headers that are not sent, for gRPC has its own values for them."""
    names = (header.partition(":")[0].strip().lower() for header in headers)
    return sorted(SET_BY_GRPC.intersection(names))


def expanded(headers: Sequence[str], kind: str) -> tuple[str, ...]:
    """`${NAME}` replaced by the environment's value. Raises CallError naming header and variable."""
    return tuple(_expanded(header, kind) for header in headers)


def _expanded(header: str, kind: str) -> str:
    for name in _VARIABLE.findall(header):
        if name not in os.environ:
            raise CallError(
                f'Failed to expand {kind} headers: header "{header}" refers to missing environment variable "{name}"'
            )
    return _VARIABLE.sub(lambda match: os.environ[match[1]], header)


def _decoded(value: str) -> bytes:
    """Base64 of either alphabet, padded or not; anything else is itself."""
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return value.encode()
