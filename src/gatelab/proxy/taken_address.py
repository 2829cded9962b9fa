"""Envoy's words about an address that it could not bind, with what to do about it.

A socket on 0.0.0.0 takes its port on every address of the machine, and Envoy says only "Address already in use".
"""

import re

_TAKEN = re.compile(r"cannot bind '([^']+):(\d+)': Address already in use")


def explained(words: str) -> str:
    """The words in one line; where another program has the port, how to find that program comes first."""
    flat = " ".join(words.split())
    taken = _TAKEN.search(flat)
    if taken is None:
        return flat
    address, port = taken.groups()
    return (
        f"another program listens on port {port}, on {address} or on all addresses (0.0.0.0): "
        f"stop it (`ss -ltnp 'sport = :{port}'` shows it), and the port is taken within seconds; or use another port "
        f"({flat})"
    )
