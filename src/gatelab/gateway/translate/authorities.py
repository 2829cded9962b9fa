"""Certificates of authorities: ConfigMaps with a PEM bundle under the key `ca.crt`.

BackendTLSPolicyValidation and FrontendTLSValidation, `caCertificateRefs`. Several references are one set of
authorities: whoever one of them vouches for is trusted. A reference that cannot be used adds nothing to it.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding

from gatelab.gateway.snapshot.reference_grant import Grants, Referrer
from gatelab.gateway.translate import pem, references
from gatelab.gateway.translate.references import Unresolved
from gatelab.kinds.core import ConfigMap
from gatelab.kinds.gatewayapi import ObjectReference
from gatelab.kinds.objects import Key
from gatelab.proxy import model

KEY = "ca.crt"
_INVALID = "InvalidCACertificateRef"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The authorities of all usable references, None if there is none; and why of each other one."""

    authorities: model.Authorities | None
    refusals: tuple[Unresolved, ...] = ()


def resolved(
    found_in: Iterable[ObjectReference],
    referrer: Referrer,
    config_maps: Mapping[Key, ConfigMap],
    grants: Grants,
    *,
    wrong_kind: str,
) -> Resolved:
    """What the references come to. One to another kind than ConfigMap has the reason `wrong_kind`."""
    bundles: dict[Key, bytes] = {}
    refusals: list[Unresolved] = []
    for reference in found_in:
        key = references.target(
            "caCertificateRef", reference, referrer, grants, kind="ConfigMap", else_reason=wrong_kind
        )
        bundle = key if isinstance(key, Unresolved) else _bundle(key, config_maps)
        if isinstance(bundle, Unresolved):
            refusals.append(bundle)
        elif not isinstance(key, Unresolved):
            bundles[key] = bundle
    if not bundles:
        return Resolved(None, tuple(refusals))
    name = "authorities/" + "+".join(str(key) for key in bundles)
    return Resolved(model.Authorities(name, b"".join(bundles.values())), tuple(refusals))


def _bundle(key: Key, config_maps: Mapping[Key, ConfigMap]) -> bytes | Unresolved:
    config_map = config_maps.get(key)
    if config_map is None:
        return Unresolved(_INVALID, f"ConfigMap {key} does not exist")
    text = config_map.data.get(KEY)
    if not text:
        return Unresolved(_INVALID, f"ConfigMap {key} has no {KEY}")
    return _certificates(text) or Unresolved(_INVALID, f"ConfigMap {key}: {KEY} is not PEM certificates")


@functools.lru_cache(maxsize=256)
def _certificates(text: str) -> bytes | None:
    """The certificates of a bundle and nothing else that may stand around them; None if they cannot be read."""
    try:
        return b"".join(each.public_bytes(Encoding.PEM) for each in pem.certificates(text.encode()))
    except ValueError:
        return None
