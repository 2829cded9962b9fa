"""Namespaces for a program that is about to be started: its own view of the files, and of the network.

On the standard library alone, for the keeper and for commands that start a program in a view of their own. Everything
here works on the calling process, which must have one thread only: fork, call, exec.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Collection, Sequence

from gatelab.node.keeper.mounts import MountError, mount_all

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL, errno.ENOSYS)
_SETTINGS = (
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user/max_user_namespaces", "0", "10000"),
    ("user/max_mnt_namespaces", "0", "10000"),
)
"""Where Linux distributions switch user namespaces off: the setting, the value that does, the one that does not."""

_libc = ctypes.CDLL(None, use_errno=True)


class Refused(OSError):
    """This machine does not let us have a namespace. `strerror` says what refused, and what to do."""


def enter_new(mounts: Sequence[tuple[str, str]], *, read_only: Collection[str] = ()) -> None:
    """Moves this process into a mount namespace of its own, in which each source is seen at its target.

    Sources are files or folders, targets absolute paths; those of `read_only` cannot be written through. A target that
    does not exist is there in this view only. Where the process may not have a mount namespace it takes a user
    namespace with it, in which it stays the user that it is. Raises Refused, or MountError naming source and target.
    """
    try:
        _unshare(CLONE_NEWNS)
    except PermissionError:
        _enter_user_namespace()
    except OSError as error:
        raise _refusal(error, "a mount namespace") from error
    try:
        mount_all(mounts, read_only=read_only)
    except MountError:
        raise
    except OSError as error:
        raise _refusal(error, "mounting") from error


def enter_new_network() -> None:
    """Moves this process into a network namespace that has nothing but a loopback interface, which is up.

    Raises Refused where the process is not allowed to: it needs CAP_SYS_ADMIN.
    """
    try:
        _unshare(CLONE_NEWNET)
        _bring_up("lo")
    except OSError as error:
        raise _refusal(error, "a network namespace", needs_root=True) from error


def join_network(fd: int) -> None:
    """Moves this process into the network namespace that the descriptor stands for. Raises Refused."""
    try:
        _setns(fd, CLONE_NEWNET)
    except OSError as error:
        raise _refusal(error, "a network namespace", needs_root=True) from error


def join(pid: int) -> None:
    """Moves this process into the user, mount and network namespaces of a running one, where they differ from ours.

    Raises ProcessLookupError when it has ended, Refused when we may not.
    """
    flags = (("user", CLONE_NEWUSER), ("net", CLONE_NEWNET), ("mnt", CLONE_NEWNS))
    opened: list[tuple[int, int]] = []
    try:
        for name, flag in flags:
            theirs = f"/proc/{pid}/ns/{name}"
            if _identity(theirs) != _identity(f"/proc/self/ns/{name}"):
                opened.append((os.open(theirs, os.O_RDONLY | os.O_CLOEXEC), flag))
    except FileNotFoundError:
        raise ProcessLookupError(errno.ESRCH, f"process {pid} has ended") from None
    try:
        for fd, flag in opened:
            _setns(fd, flag)
    except OSError as error:
        raise _refusal(error, f"joining the namespaces of process {pid}") from error
    finally:
        for fd, _ in opened:
            os.close(fd)


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    try:
        _unshare(CLONE_NEWUSER | CLONE_NEWNS)
        # user_namespaces(7): a process without privilege may map itself alone, and its group after giving up setgroups.
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib costs its import
                file.write(text)
    except OSError as error:
        raise _refusal(error, "a user namespace") from error


def _refusal(error: OSError, what: str, *, needs_root: bool = False) -> OSError:
    if error.errno not in _REFUSALS:
        return error
    remedy = "run the lab as root" if needs_root and os.geteuid() != 0 else _remedy()
    return Refused(error.errno, f"{what} is refused on this machine ({os.strerror(error.errno or 0)}): {remedy}")


def _remedy() -> str:
    for name, refusing, allowing in _SETTINGS:
        try:
            with open(f"/proc/sys/{name}") as file:  # noqa: PTH123 - pathlib costs its import
                value = file.read().strip()
        except OSError:
            continue
        if value == refusing:
            setting = name.replace("/", ".")
            return (
                f"{setting} is {value}; allow it with `sudo sysctl -w {setting}={allowing}`, or run the lab as "
                "root (CAP_SYS_ADMIN)"
            )
    return (
        "a seccomp filter or security module does so, as in a container without privileges; run the lab as root "
        "with CAP_SYS_ADMIN (`docker run --privileged`), or outside of the container"
    )


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - pathlib costs its import
    return found.st_dev, found.st_ino


def _unshare(flags: int) -> None:
    if _libc.unshare(flags) != 0:
        raise _error()


def _setns(fd: int, flag: int) -> None:
    if _libc.setns(fd, flag) != 0:
        raise _error()


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def _bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", interface.encode(), 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", interface.encode(), flags | _IFF_UP))
