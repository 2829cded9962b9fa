"""What the environment says."""

import math
import socket
from collections.abc import Mapping
from typing import NamedTuple


class SettingsError(Exception):
    """A variable that cannot be used; the text names it and says what it may be."""


class Settings(NamedTuple):
    """HELLO_GRPC_* as the original image reads them, and what the downward API tells about the pod."""

    host: str
    port: int
    delay_ns: int
    """HELLO_GRPC_REQUEST_DELAY: what a request with delay_ms 0 waits."""
    debug: bool
    cert_dir: str
    """Holds tls.crt and tls.key; plaintext if empty."""
    pod: str
    node: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads them.

        Raises:
            SettingsError: a value is out of range.
        """
        hostname = socket.gethostname()
        return cls(
            host=environ.get("GATELAB_POD_IP") or environ.get("POD_IP") or "0.0.0.0",
            port=_port(environ.get("HELLO_GRPC_PORT") or "8080"),
            delay_ns=_delay_ns(environ.get("HELLO_GRPC_REQUEST_DELAY") or "1.0"),
            debug=environ.get("HELLO_GRPC_DEBUG", "").lower() not in ("", "0", "false", "no", "off"),
            cert_dir=environ.get("HELLO_GRPC_CERT_DIR", ""),
            pod=environ.get("POD_NAME") or environ.get("HOSTNAME") or hostname,
            node=environ.get("NODE_NAME") or hostname,
        )


def _port(value: str) -> int:
    if not value.isdigit() or not 0 <= int(value) <= 65535:
        raise SettingsError(f"HELLO_GRPC_PORT must be a port number, not {value!r}")
    return int(value)


def _delay_ns(value: str) -> int:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not (math.isfinite(seconds) and seconds >= 0):
        raise SettingsError(f"HELLO_GRPC_REQUEST_DELAY must be seconds, 0 or more, not {value!r}")
    return round(seconds * 1e9)
