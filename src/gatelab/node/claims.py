"""What a lab holds against others: its name (a lock file), its part of 127.0.0.0/8 (a name among abstract sockets).

Both are descriptors. The keeper holds copies, so both are free only when the last process of the lab is gone.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from gatelab.node.errors import LabError, LabIsRunning

OCTETS = range(64, 192)
"""A lab takes 127.A.0.0/16 with A from here: well away from 127.0 (localhost, resolvers) and from 127.255."""


PRIVILEGED_SHIFT = 10_000
"""443 becomes 10443."""
_PRIVILEGED_PORT = 443


def lock(path: Path, *, lab: str) -> int:
    """Takes the lock of the lab and writes our pid into it. Raises LabIsRunning naming the process that has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(fd, 32).decode().strip()
        os.close(fd)
        raise LabIsRunning(
            f"the lab {lab!r} is already running (pid {pid}): stop it with `gatelab down --name {lab}`, "
            "or start another one with --name"
        ) from None
    write_holder(fd)
    return fd


def write_holder(fd: int) -> None:
    """Writes our pid into a lock that we hold."""
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)


def holder(path: Path) -> int | None:
    """The pid in a lock that is held; None when it is free, or was never taken."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 32).strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Whether some process of the lab is still there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(fd)


def claim_octet(preferred: int | None, octets: Iterable[int] = OCTETS) -> tuple[int, socket.socket]:
    """A second octet that no other lab on this machine has; `preferred` if it is free. The socket holds it.

    Raises LabError when all are taken.
    """
    for octet in ([preferred] if preferred is not None else []) + list(octets):
        held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            held.bind(f"\0gatelab-range-{octet}")
        except OSError as error:
            held.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return octet, held
    raise LabError("every 127.x range is taken by another lab: stop one with `gatelab down --name NAME`")


def privileged_shift(address: str) -> int:
    """What is added to ports below 1024: 0 where this process may bind them.

    Tried on the address, not guessed from the user id: capabilities, sysctls and containers have their say. A port that
    somebody else holds is permitted.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, _PRIVILEGED_PORT))
        except PermissionError:
            return PRIVILEGED_SHIFT
        except OSError:
            return 0
    return 0


def free_port(preferred: int | None, *, address: str = "127.0.0.1", kind: int = socket.SOCK_STREAM) -> int:
    """`preferred` if it can be bound on the address, else one that the kernel chooses."""
    for port in (preferred, 0) if preferred else (0,):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LabError(f"no port of {address} can be bound")
