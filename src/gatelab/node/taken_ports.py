"""Why a program could not listen: somebody else has the port, on this address or on all of them.

A socket on 0.0.0.0 makes every bind of its port fail, on any 127.x address, and the programs say only "address in use".
"""

import struct
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

_LISTEN = "0A"
_ANY_V6 = "0" * 32
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def taken_port_message(address: str, ports: Iterable[int]) -> str:
    """A sentence naming the first of `ports` that is taken on `address`; "" when none is. Reads /proc/net."""
    listeners = {listener for table in _TABLES for listener in read_listeners(table)}
    for port in ports:
        for host in (address, "0.0.0.0", "::"):
            if (host, port) in listeners:
                return (
                    f"port {port} is taken on {host} by another process, so {address}:{port} cannot be bound: "
                    f"stop that process (`ss -ltnp 'sport = :{port}'` shows it) or use another containerPort"
                )
    return ""


def read_listeners(table: Path) -> Iterator[tuple[str, int]]:
    """The addresses and ports that are listened on, from a file in the form of /proc/net/tcp (proc_net_tcp.rst)."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTEN:
            host, _, port = fields[1].partition(":")
            yield _host(host), int(port, 16)


def _host(hexadecimal: str) -> str:
    if hexadecimal == _ANY_V6:
        return "::"
    if len(hexadecimal) == 8:
        return str(IPv4Address(struct.pack("=I", int(hexadecimal, 16))))
    return hexadecimal
