"""Upstream's Gateway API v1.6.1, from the cache of Go modules. Tests that need it skip where Go is absent."""

from collections.abc import Sequence
from pathlib import Path

from go_modules import module_folder

VERSION = "v1.6.1"


def module() -> Path:
    """The module's folder."""
    return module_folder("sigs.k8s.io/gateway-api", VERSION)


def crds(channel: str) -> Sequence[Path]:
    """The files with the CustomResourceDefinitions of a channel."""
    found = (module() / "config" / "crd" / channel).glob("gateway.networking.*_*.yaml")
    return sorted(path for path in found if "_vap_" not in path.name)
