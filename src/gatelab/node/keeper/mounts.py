"""Bind mounts in the mount namespace that this process has for itself. Nothing on the machine is changed.

A target that is not there cannot be mounted on, and must not be made on the machine. Its nearest folder that exists is
covered by a tmpfs in which every entry is bound back, and in that the target is made. What a program writes into such a
covered folder itself (not into the folders below it) is its own, and gone with it.
"""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_MOVE = 8192
_MS_REC = 16384
_MS_UNBINDABLE = 1 << 17
_MS_PRIVATE = 1 << 18
_MS_RELATIME = 1 << 21
_KEPT_FLAGS = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
"""Have one value in statvfs(3) and mount(2). A remount in a user namespace must not clear what it found."""

_libc = ctypes.CDLL(None, use_errno=True)


class MountError(OSError):
    """A source cannot be seen at its target. `strerror` names both, and why."""


@dataclass(frozen=True, slots=True)
class _Bind:
    """A source, held open so that nothing mounted over it hides it; the target without symbolic links."""

    source: str
    target: str
    fd: int
    read_only: bool

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(os.fstat(self.fd).st_mode)


@dataclass(slots=True)
class _View:
    """The tree that is being built below `root` ("" is the present one)."""

    root: str = ""
    made: set[str] = field(default_factory=set)
    """Folders that are ours: covered by a tmpfs, made in one, or mounted."""

    def path(self, target: str) -> str:
        return self.root + target


def mount_all(mounts: Sequence[tuple[str, str]], *, read_only: Collection[str] = ()) -> None:
    """Shows each source at its target; the working directory is its path's in the new view, or / where that has none.

    Raises MountError, OSError when mounting is refused.
    """
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    if not mounts:
        return
    working_directory = os.getcwd()  # noqa: PTH109 - pathlib costs its import
    binds = sorted((_opened(*each, read_only) for each in mounts), key=lambda each: each.target.count("/"))
    try:
        view = _View()
        if any(_nearest(each.target) == "/" for each in binds):
            view.root = os.path.dirname(os.path.realpath(binds[0].source))  # noqa: PTH120 - pathlib costs its import
            _mirror("/", view.root)
            view.made.add("/")
        for each in binds:
            _bind(each, view)
        for each in binds:
            if each.read_only:
                _make_read_only(view.path(each.target))
        if view.root:
            _change_root(view.root)
        _return_to(working_directory)
    finally:
        for each in binds:
            os.close(each.fd)


def _opened(source: str, target: str, read_only: Collection[str]) -> _Bind:
    if not target.startswith("/"):
        raise MountError(errno.EINVAL, f"{target} is not an absolute path")
    try:
        fd = os.open(source, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise _failure(source, target, error) from error
    return _Bind(source, os.path.realpath(target), fd, target in read_only)


def _bind(bind: _Bind, view: _View) -> None:
    path = view.path(bind.target)
    try:
        if not os.path.lexists(path):
            _make(bind, view)
        if os.path.isdir(path) != bind.is_folder:  # noqa: PTH112
            kind = "folder" if bind.is_folder else "file"
            raise OSError(errno.ENOTDIR, f"a {kind} cannot be mounted on what is not a {kind}")
        _mount(f"/proc/self/fd/{bind.fd}", path, None, _MS_BIND | _MS_REC)
    except OSError as error:
        raise _failure(bind.source, bind.target, error) from error
    view.made.add(bind.target)


def _make(bind: _Bind, view: _View) -> None:
    """Makes the target, in a tmpfs of ours or in what was mounted above it."""
    nearest = _nearest(bind.target, view)
    if not any(nearest == each or nearest.startswith(f"{each}/") for each in view.made - {"/"}) and nearest != "/":
        _mirror(view.path(nearest), view.path(nearest))
        view.made.add(nearest)
    path = view.path(bind.target)
    if bind.is_folder:
        os.makedirs(path)  # noqa: PTH103
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        _touch(path)


def _nearest(target: str, view: _View | None = None) -> str:
    """The target itself, or the nearest folder above it that is there."""
    while not os.path.lexists(view.path(target) if view else target):
        target = os.path.dirname(target)  # noqa: PTH120
    return target or "/"


def _mirror(folder: str, onto: str) -> None:
    """Mounts a tmpfs on `onto` in which every entry of `folder` is seen."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found, names = os.fstat(fd), os.listdir(fd)  # noqa: PTH208
        _mount("tmpfs", onto, "tmpfs", 0, f"mode={stat.S_IMODE(found.st_mode):o}")
        # Not copied into itself when the entry is bound in which it lies.
        _mount(None, onto, None, _MS_UNBINDABLE)
        with contextlib.suppress(OSError):
            os.chown(onto, found.st_uid, found.st_gid)
        for name in names:
            _show(f"/proc/self/fd/{fd}/{name}", f"{onto}/{name}")
        _mount(None, onto, None, _MS_PRIVATE)
    finally:
        os.close(fd)


def _show(entry: str, path: str) -> None:
    try:
        mode = os.lstat(entry).st_mode
    except OSError:
        return  # removed since the folder was listed, or a mount that is closed to us
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(entry), path)  # noqa: PTH115, PTH211
        return
    if stat.S_ISDIR(mode):
        os.mkdir(path)  # noqa: PTH102
    else:
        _touch(path)
    with contextlib.suppress(OSError):  # then it is seen, and empty: better than no program at all
        _mount(entry, path, None, _MS_BIND | _MS_REC)


def _make_read_only(path: str) -> None:
    flags = os.statvfs(path).f_flag
    kept = flags & _KEPT_FLAGS | (_MS_RELATIME if flags & os.ST_RELATIME else 0)
    _mount(None, path, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def _change_root(root: str) -> None:
    """As switch_root(8) does. The old tree stays below the new one, out of reach."""
    os.chdir(root)
    _mount(".", "/", None, _MS_MOVE)
    os.chroot(".")


def _return_to(folder: str) -> None:
    """By its path: the folder that we are in may be covered now."""
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def _failure(source: str, target: str, error: OSError) -> MountError:
    return MountError(error.errno, f"cannot mount {source} at {target}: {error.strerror}")


def _mount(source: str | None, target: str, type_: str | None, flags: int, data: str | None = None) -> None:
    encoded = (None if each is None else os.fsencode(each) for each in (source, target, type_))
    if _libc.mount(*encoded, ctypes.c_ulong(flags), data.encode() if data else None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
