"""Drains an Envoy by its admin socket, as a preStop hook. Standard library only.

The path of the socket is in the environment, `ENVOY_ADMIN_SOCKET`: placeholders in a hook's command are not filled in.

Envoy stops accepting at once, which others at the same address take over; it ends each connection with the next
answer on it (GOAWAY, or `Connection: close`), and what is under way ends in peace. Returns when no connection is left,
when only idle ones are left for a while, or when there is no more time; SIGTERM follows.
"""

import http.client
import os
import socket
import sys
import time

ADMIN_SOCKET = "ENVOY_ADMIN_SOCKET"
MOST_S = 25.0
"""For requests under way; less than the pod's grace period."""
IDLE_S = 3.0
"""For connections without requests: a client that asks again within this time is told to go elsewhere."""
EVERY_S = 0.1
_TIMEOUT_S = 5.0
_BEGIN = ("/healthcheck/fail", "/drain_listeners?inboundonly")
_GAUGES = "/stats?filter=downstream_(cx|rq)_active$"
_OUR_OWN = ("listener.admin.", "http.admin.", "listener.gatelab.", "http.gatelab.")


class AdminConnection(http.client.HTTPConnection):
    """To an admin interface that listens on a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("admin", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def drain(path: str) -> bool:
    """Whether everything that was under way has ended. Raises OSError, http.client.HTTPException: no Envoy answers."""
    for each in _BEGIN:
        _ask(path, "POST", each)
    begun = time.monotonic()
    while (past_s := time.monotonic() - begun) < MOST_S:
        connections, active = busy(_ask(path, "GET", _GAUGES))
        if connections == 0 or (active == 0 and past_s >= IDLE_S):
            return True
        time.sleep(EVERY_S)
    return False


def busy(stats: str) -> tuple[int, int]:
    """How many connections there are, and how many requests and layer 4 connections under way."""
    sums = {"listener.cx": 0, "http.cx": 0, "http.rq": 0}
    for line in stats.splitlines():
        name, _, value = line.rpartition(": ")
        kind = f"{name.partition('.')[0]}.{'rq' if name.endswith('rq_active') else 'cx'}"
        # A worker's share of a listener's gauge is counted in the listener's.
        if kind in sums and value.isdecimal() and ".worker_" not in name and not name.startswith(_OUR_OWN):
            sums[kind] += int(value)
    return sums["listener.cx"], sums["http.rq"] + max(0, sums["listener.cx"] - sums["http.cx"])


def _ask(path: str, method: str, target: str) -> str:
    connection = AdminConnection(path)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise OSError(f"{method} {target}: {answer.status} {text.strip()}")
    return text


def main() -> None:
    """As a program. An Envoy that has gone already needs no draining."""
    path = os.environ.get(ADMIN_SOCKET, "")
    try:
        if not drain(path):
            sys.exit(f"requests are still under way after {MOST_S:.0f} s")
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"Envoy's admin interface {path}: {error}")


if __name__ == "__main__":
    main()
