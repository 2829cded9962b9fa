"""Where the machine keeps the authorities that it trusts."""

import functools
import ssl
from pathlib import Path

DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
"""Where Envoy's own images have it too."""
_OTHERS = (
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@functools.cache
def bundle_path() -> str:
    """The file with all of them: `SSL_CERT_FILE`, then where distributions have it, then OpenSSL's own place.

    In a lab Envoy runs on the same machine and reads this very file. If there is none anywhere the path is Debian's:
    Envoy refuses what it cannot read, and sends nothing to a backend that it cannot judge.
    """
    paths = ssl.get_default_verify_paths()
    chosen = [path for path in (paths.cafile, DEBIAN, *_OTHERS, paths.openssl_cafile) if path]
    return next((path for path in chosen if Path(path).is_file()), DEBIAN)
