"""Upstream's cert-manager v1.21.2, from the cache of Go modules. Tests that need it skip where Go is absent."""

from collections.abc import Sequence
from pathlib import Path

from go_modules import module_folder

VERSION = "v1.21.2"


def crds() -> Sequence[Path]:
    """The files with its CustomResourceDefinitions."""
    folder = module_folder("github.com/cert-manager/cert-manager", VERSION)
    return sorted((folder / "deploy" / "crds").glob("*.yaml"))
