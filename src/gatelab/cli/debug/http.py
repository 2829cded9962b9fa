"""GET on a Unix socket: of the agent, and of Envoys' admin interfaces."""

import http.client
import socket
from pathlib import Path

_TIMEOUT_S = 5.0
_LIMIT_BYTES = 32 * 1024 * 1024


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(str(self._path))


def get(path: Path, target: str) -> str:
    """The body of a 200. Raises OSError for everything else."""
    connection = _Connection(path)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read(_LIMIT_BYTES)
    except http.client.HTTPException as error:
        raise OSError(f"{path} {target}: {error!r}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise OSError(f"{path} {target}: {answer.status}")
    return body.decode(errors="replace")
