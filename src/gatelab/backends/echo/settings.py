"""What the environment says."""

from collections.abc import Mapping
from typing import NamedTuple


class SettingsError(Exception):
    """A variable that cannot be used; the text names it and says what it may be."""


class Pod(NamedTuple):
    """Who answers, in the order of the original's JSON."""

    namespace: str
    ingress: str
    service: str
    pod: str


class Settings(NamedTuple):
    """The variables of echo-basic. What a mode does not use is not looked at."""

    mode: str
    """`grpc`, `tcp`, `udp` or `http`: the first whose variable is not empty."""
    host: str
    plain_port: int
    """HTTP_PORT; TCP_PORT of the mode tcp, UDP_PORT of udp."""
    h2c_port: int
    tls_port: int
    """HTTPS_PORT; TLS_PORT of the mode tcp."""
    certificate: str
    """The file of the certificate chain; no TLS without it and the key."""
    private_key: str
    client_ca: str
    """The file of the authorities for client certificates, which are asked for if this is set."""
    pod: Pod

    @property
    def has_tls(self) -> bool:
        return bool(self.certificate and self.private_key)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads them.

        Raises:
            SettingsError: a port is none.
        """
        modes = (("GRPC_ECHO_SERVER", "grpc"), ("TCP_ECHO_SERVER", "tcp"), ("UDP_ECHO_SERVER", "udp"))
        mode = next((mode for name, mode in modes if environ.get(name)), "http")
        plain, plain_default = {"tcp": ("TCP_PORT", "3000"), "udp": ("UDP_PORT", "8080")}.get(
            mode, ("HTTP_PORT", "3000")
        )
        return cls(
            mode=mode,
            host=environ.get("GATELAB_POD_IP") or environ.get("POD_IP") or "0.0.0.0",
            plain_port=_port(environ, plain, plain_default),
            h2c_port=_port(environ, "H2C_PORT", "3001"),
            tls_port=_port(environ, "TLS_PORT" if mode == "tcp" else "HTTPS_PORT", "8443"),
            certificate=environ.get("TLS_SERVER_CERT", ""),
            private_key=environ.get("TLS_SERVER_PRIVKEY") or environ.get("TLS_SERVER_PRIV_KEY") or "",
            client_ca=environ.get("TLS_CLIENT_CACERTS", ""),
            pod=Pod(*(environ.get(name, "") for name in ("NAMESPACE", "INGRESS_NAME", "SERVICE_NAME", "POD_NAME"))),
        )


def _port(environ: Mapping[str, str], name: str, default: str) -> int:
    value = environ.get(name) or default
    if not (value.isascii() and value.isdigit()) or int(value) > 65535:
        raise SettingsError(f"{name} must be a port number, not {value!r}")
    return int(value)
