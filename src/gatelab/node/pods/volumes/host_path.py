"""`hostPath`: a path of this machine, which is the user's own."""

import os
import stat
from collections.abc import Callable, Mapping

from gatelab.kinds.volumes import HostPathVolume
from gatelab.node.pods.volumes.content import VolumeNotReady

_TYPES: Mapping[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "directory"),
    "DirectoryOrCreate": (stat.S_ISDIR, "directory"),
    "File": (stat.S_ISREG, "file"),
    "FileOrCreate": (stat.S_ISREG, "file"),
    "Socket": (stat.S_ISSOCK, "socket file"),
    "CharDevice": (stat.S_ISCHR, "character device"),
    "BlockDevice": (stat.S_ISBLK, "block device"),
}


def host_path(volume: HostPathVolume) -> str:
    """The path, checked and made as `type` asks. Raises VolumeNotReady, with the kubelet's words."""
    path = volume.path
    try:
        if volume.type == "DirectoryOrCreate":
            os.makedirs(path, mode=0o755, exist_ok=True)  # noqa: PTH103 - as written by the user, `..` and all
        elif volume.type == "FileOrCreate":
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644))
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError as error:
        raise VolumeNotReady(f"hostPath {path}: {(error.strerror or str(error)).lower()}") from None
    if volume.type:
        is_right, what = _TYPES.get(volume.type, (lambda _: False, f"valid type ({volume.type})"))
        if not is_right(mode):
            raise VolumeNotReady(f"hostPath type check failed: {path} is not a {what}")
    return path
