"""TLS of a server: its context, and what a connection has agreed on, in the words of Go's crypto/tls.

Imported only by pods that have a certificate, for it loads ssl.
"""

import re
import ssl
from typing import Any, Final, NamedTuple

from gatelab.backends.echo.settings import Settings

_OPENSSL_NAME: Final = re.compile(
    "(?:(?P<exchange>(?:ECDHE|DHE)-(?:RSA|ECDSA))-)?"
    "(?P<cipher>AES128-GCM|AES256-GCM|AES128|AES256|CHACHA20-POLY1305)(?:-(?P<mac>SHA[0-9]*))?"
)
_CIPHERS: Final = {
    "AES128-GCM": "AES_128_GCM",
    "AES256-GCM": "AES_256_GCM",
    "AES128": "AES_128_CBC",
    "AES256": "AES_256_CBC",
    "CHACHA20-POLY1305": "CHACHA20_POLY1305",
}


class TlsFacts(NamedTuple):
    """A handshake's outcome."""

    version: str
    """As OpenSSL spells it: `TLSv1.3`."""
    peer_certificates: tuple[str, ...]
    """What the client has sent, as PEM."""
    server_name: str
    """The SNI; empty without one."""
    negotiated_protocol: str
    """Of ALPN; empty without one."""
    cipher_suite: str


class _Socket(ssl.SSLSocket):
    server_name = ""


def server_context(settings: Settings, protocols: tuple[str, ...]) -> ssl.SSLContext:
    """The context for the settings' files; `protocols` are offered by ALPN, the preferred one first.

    A client certificate is asked for if there are authorities to verify it with; a client may do without.

    Raises:
        OSError: a file is not there (`filename`), or is not what it should be (ssl.SSLError).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for file in (settings.certificate, settings.private_key, settings.client_ca):
        if file:
            open(file, "rb").close()  # noqa: PTH123 - OpenSSL does not say which one is missing
    context.load_cert_chain(settings.certificate, settings.private_key)
    if settings.client_ca:
        context.load_verify_locations(settings.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    if protocols:
        context.set_alpn_protocols(list(protocols))
    context.sslsocket_class = _Socket
    context.sni_callback = _note_server_name
    return context


def facts(socket: object) -> TlsFacts | None:
    """What was agreed on; None for a socket without TLS, and before the end of the handshake."""
    if not isinstance(socket, _Socket) or (cipher := socket.cipher()) is None:
        return None
    version = socket.version() or ""
    return TlsFacts(
        version=version,
        peer_certificates=tuple(map(ssl.DER_cert_to_PEM_cert, _sent_certificates(socket))),
        server_name=socket.server_name,
        negotiated_protocol=socket.selected_alpn_protocol() or "",
        cipher_suite=go_cipher_suite(cipher[0]),
    )


def go_cipher_suite(name: str) -> str:
    """OpenSSL's name of a cipher suite as Go, and IANA, write it: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`."""
    found = _OPENSSL_NAME.fullmatch(name)
    if found is None:  # TLS 1.3 has one name only
        return name
    exchange, cipher, mac = found["exchange"] or "RSA", _CIPHERS[found["cipher"]], found["mac"] or "SHA256"
    return f"TLS_{exchange.replace('-', '_')}_WITH_{cipher}_{mac}"


def _sent_certificates(socket: ssl.SSLSocket) -> list[bytes]:
    """The chain in the order in which it was sent; before Python 3.13, which can tell, only the client's own."""
    chain = getattr(socket, "get_unverified_chain", None)
    if chain is not None:
        return list(chain())
    own = socket.getpeercert(binary_form=True)
    return [own] if own else []


def _note_server_name(socket: Any, name: str | None, _context: ssl.SSLContext) -> None:
    socket.server_name = name or ""
