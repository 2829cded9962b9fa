"""The API of a running lab, asked over its real socket without kubectl between."""

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is JSON, or text if it is none."""

    code: int
    body: Any
    warnings: tuple[str, ...]


class LabApi:
    """Requests with the lab's token, each on a connection of its own."""

    def __init__(self, kubeconfig: Path) -> None:
        configuration = yaml.safe_load(kubeconfig.read_text())
        cluster = configuration["clusters"][0]["cluster"]
        self._url = urlsplit(cluster["server"])
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=authority)
        self._token = configuration["users"][0]["user"]["token"]

    def __call__(self, method: str, path: str, body: Any = None, *, timeout_s: float = 10, **headers: str) -> Answer:
        """`body` is sent as JSON, or as it is if it is bytes. `path` goes onto the wire as it is."""
        assert self._url.hostname is not None
        connection = http.client.HTTPSConnection(
            self._url.hostname, self._url.port, context=self._context, timeout=timeout_s
        )
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        usual = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            return _exchanged(connection, method, path, sent, usual | given)
        finally:
            connection.close()


def _exchanged(
    connection: http.client.HTTPSConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
) -> Answer:
    connection.putrequest(method, path, skip_host="host" in headers)
    for name, value in headers.items():
        if value:
            connection.putheader(name, value)
    if body is not None:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    text = response.read()
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text.decode(errors="replace")
    return Answer(response.status, parsed, tuple(response.headers.get_all("warning") or ()))
