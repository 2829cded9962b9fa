"""What a server says when it can be reached."""

import sys


def announce(protocol: str, port: int) -> None:
    """A line on stdout, in the original's words."""
    sys.stdout.write(f"Starting server, listening on port {port} ({protocol})\n")
    sys.stdout.flush()
