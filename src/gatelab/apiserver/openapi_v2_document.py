"""OpenAPI v2 (Swagger 2.0), as far as clients need it: a document that is well-formed and describes nothing."""

from typing import Any

from gatelab.apiserver import openapi

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""How client-go asks for it: `openapi.v2.Document` of google/gnostic-models."""
PROTOBUF_ANSWER = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""How it is answered: Go's `mime.ParseMediaType` takes no "@" (kube-openapi `pkg/handler` does the same)."""

_DOCUMENT_SWAGGER, _DOCUMENT_INFO, _DOCUMENT_PATHS = 1, 2, 8
_INFO_TITLE, _INFO_VERSION = 1, 2
_LENGTH_DELIMITED = 2


def document() -> dict[str, Any]:
    """The document as JSON."""
    return {"swagger": "2.0", "info": openapi.INFO, "paths": {}}


def protobuf() -> bytes:
    """The same document as `openapi.v2.Document`."""
    info = _field(_INFO_TITLE, openapi.INFO["title"].encode()) + _field(_INFO_VERSION, openapi.INFO["version"].encode())
    return _field(_DOCUMENT_SWAGGER, b"2.0") + _field(_DOCUMENT_INFO, info) + _field(_DOCUMENT_PATHS, b"")


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field. Tag and length are one byte each, which holds for numbers below 16 and 128."""
    return bytes([number << 3 | _LENGTH_DELIMITED, len(value)]) + value
