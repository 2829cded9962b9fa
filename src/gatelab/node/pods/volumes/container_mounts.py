"""Where a container sees a volume: `mountPath`, `subPath`, `subPathExpr`, `readOnly`."""

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gatelab.kinds.pods import Container, VolumeMount
from gatelab.node.keeper.client import Mount
from gatelab.node.pods.environment import ConfigError, expand

_VARIABLE = re.compile(r"\$\(([^()]*)\)")


def container_mounts(
    container: Container, env: Mapping[str, str], folders: Mapping[str, str], fixed: frozenset[str]
) -> tuple[Mount, ...]:
    """A mount per `volumeMount`; `folders` has the path of each volume, `fixed` names those that nobody writes into.

    Raises ConfigError naming the container and the mount.
    """
    return tuple(
        _mount(each, container, env, folders[each.name], each.name in fixed) for each in container.volume_mounts
    )


def _mount(mount: VolumeMount, container: Container, env: Mapping[str, str], folder: str, is_fixed: bool) -> Mount:
    target = os.path.normpath(f"/{mount.mount_path}").replace("//", "/")
    if target == "/":
        raise ConfigError(f'container "{container.name}": volume "{mount.name}" cannot be mounted on /')
    source = folder
    if sub_path := _sub_path(mount, container, env):
        source = _within(Path(folder), sub_path, mount, container, is_fixed)
    return Mount(source, target, read_only=mount.read_only or is_fixed)


def _sub_path(mount: VolumeMount, container: Container, env: Mapping[str, str]) -> str:
    if not mount.sub_path_expr:
        return mount.sub_path
    for name in _VARIABLE.findall(mount.sub_path_expr.replace("$$", "")):
        if name not in env:
            raise ConfigError(
                f'container "{container.name}": subPathExpr of volume "{mount.name}": no variable {name} in its env'
            )
    return expand(mount.sub_path_expr, env)


def _within(folder: Path, sub_path: str, mount: VolumeMount, container: Container, is_fixed: bool) -> str:
    """The file or folder at `sub_path`, made as a folder where it may be; never outside of the volume."""
    where = f'failed to prepare subPath for volumeMount "{mount.name}" of container "{container.name}"'
    pure = PurePosixPath(sub_path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ConfigError(f"{where}: subPath {sub_path!r} must be relative and have no '..'")
    path = (folder / pure).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ConfigError(f"{where}: {sub_path} leads out of the volume by a symbolic link")
    if not path.exists():
        if is_fixed:
            present = ", ".join(sorted(each.name for each in folder.iterdir() if not each.name.startswith("..")))
            raise ConfigError(f"{where}: there is no {sub_path} in the volume; it has {present or 'no files'}")
        _make(path, where)
    return str(path)


def _make(path: Path, where: str) -> None:
    try:
        path.mkdir(mode=0o755, parents=True)
    except OSError as error:
        raise ConfigError(f"{where}: {path}: {error.strerror}") from None
