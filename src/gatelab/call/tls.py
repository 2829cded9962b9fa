"""The client's side of TLS: whom to trust, and who we are."""

import ssl
from collections.abc import Callable, Sequence
from functools import partial

from gatelab.call.errors import CallError

_REASONS = {
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "NO_CERTIFICATE_OR_CRL_FOUND": "there is no certificate in it",
    "PEM_LIB": "there is no certificate, or no private key, in PEM where one should be",
}
"""OpenSSL's reasons, in words."""


def client_context(
    *,
    insecure: bool = False,
    ca_file: str | None = None,
    trusted: Sequence[str] = (),
    cert_file: str | None = None,
    key_file: str | None = None,
) -> ssl.SSLContext:
    """A context for one server.

    `trusted` (PEM texts) is added to the system's trust; `ca_file` (PEM) replaces both, as in grpcurl and ghz: who
    names a CA wants to know whether it is the one. `insecure` verifies nothing. A client certificate needs both files.
    Raises CallError naming the file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, ca_file, trusted)
    if (cert_file is None) != (key_file is None):
        raise CallError("a client certificate needs both --cert and --key")
    if cert_file is not None and key_file is not None:
        _load(lambda: context.load_cert_chain(cert_file, key_file), f"client certificate {cert_file} with {key_file}")
    return context


def _trust(context: ssl.SSLContext, ca_file: str | None, trusted: Sequence[str]) -> None:
    if ca_file is not None:
        _load(lambda: context.load_verify_locations(cafile=ca_file), f"CA certificates {ca_file}")
        return
    context.load_default_certs()
    for pem in trusted:
        _load(partial(context.load_verify_locations, cadata=pem), "the CA certificate of an issuer")


def _load(load: Callable[[], object], what: str) -> None:
    try:
        load()
    except FileNotFoundError as error:
        raise CallError(f"could not read {what}: no such file") from error
    except ssl.SSLError as error:
        reason = "PEM_LIB" if "PEM lib" in str(error) else error.reason  # this one OpenSSL does not name
        raise CallError(f"could not use {what}: {_REASONS.get(reason, error.args[-1])}") from error
    except (OSError, ValueError) as error:
        raise CallError(f"could not use {what}: {error.args[-1] if error.args else error}") from error
