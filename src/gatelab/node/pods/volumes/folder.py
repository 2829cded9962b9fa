"""A folder whose files change all at once: `..data` is a symbolic link to the present state, swapped by rename(2).

Kubernetes' way (`k8s.io/kubernetes/pkg/volume/util/atomic_writer.go`), so that programs which watch `..data` work.
"""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from gatelab.node.pods.volumes.content import Content

_DATA = "..data"
_NEXT = "..data_tmp"


def write_content(folder: Path, content: Content) -> bool:
    """Makes the folder hold exactly `content`. False when it does already."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    present = folder / _DATA
    if present.is_dir() and _read(present) == _expected(content):
        return False
    state = Path(tempfile.mkdtemp(dir=folder, prefix=datetime.now(UTC).strftime("..%Y_%m_%d_%H_%M_%S.")))
    state.chmod(0o755)
    for path, file in content.items():
        target = state / path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as out:
            out.write(file.data)
            os.fchmod(fd, file.mode & 0o777)
    _show(folder, state, {path.partition("/")[0] for path in content})
    return True


def _show(folder: Path, state: Path, names: set[str]) -> None:
    """Makes `state` the present one; every name in it is a link through `..data`."""
    before = (folder / _DATA).resolve() if (folder / _DATA).is_symlink() else None
    (folder / _NEXT).unlink(missing_ok=True)
    (folder / _NEXT).symlink_to(state.name)
    (folder / _NEXT).replace(folder / _DATA)
    for name in names:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"{_DATA}/{name}")
    for link in folder.iterdir():
        if link.is_symlink() and link.name != _DATA and link.name not in names:
            link.unlink()
    if before is not None and before.parent == folder.resolve():
        shutil.rmtree(before, ignore_errors=True)


def _expected(content: Content) -> dict[str, tuple[bytes, int]]:
    return {path: (file.data, file.mode & 0o777) for path, file in content.items()}


def _read(state: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in state.rglob("*") if path.is_file())
    return {str(path.relative_to(state)): (path.read_bytes(), path.stat().st_mode & 0o777) for path in files}
