"""The volumes of one pod: made before its first container starts, kept up to date, removed with the pod."""

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatelab.kinds.objects import Key, Object
from gatelab.kinds.pods import Container, Pod
from gatelab.kinds.views import view
from gatelab.kinds.volumes import Volume
from gatelab.node.keeper.client import Mount
from gatelab.node.network.pod_networks import shares_machine
from gatelab.node.pods.volumes.container_mounts import container_mounts
from gatelab.node.pods.volumes.content import PodFacts, VolumeNotReady
from gatelab.node.pods.volumes.files import content_of, objects_of
from gatelab.node.pods.volumes.folder import write_content
from gatelab.node.pods.volumes.host_path import host_path
from gatelab.node.pods.volumes.hosts_file import hosts_text, resolver_text
from gatelab.node.pods.volumes.sources import Source, Sources

logger = logging.getLogger(__name__)

_HOSTS = Path("/etc/hosts")
_RESOLVER = Path("/etc/resolv.conf")
_LOCALHOST = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


@dataclass(frozen=True, slots=True)
class VolumeHost:
    """What the volumes of all pods share."""

    sources: Sources
    content: Path
    """Folder for what the API says, Secrets too: the lab's run folder, which is in memory where there is one."""
    disk: Path
    """Folder for emptyDir volumes."""
    nameserver: str | None = None
    """The lab's DNS, at port 53, for pods with networks of their own."""

    def forget_others(self, uids: frozenset[str]) -> None:
        """Removes what pods have left that are not among `uids`."""
        for root in (self.content, self.disk):
            for folder in root.iterdir() if root.is_dir() else ():
                if folder.name not in uids:
                    _remove(folder)


class PodVolumes:
    """Blocks for as long as it takes to write some small files."""

    def __init__(self, pod: Object, address: str, host: VolumeHost) -> None:
        self._pod = view(Pod, pod)
        self._address = address
        self._host = host
        uid = self._pod.metadata.uid
        self._content, self._disk = host.content / uid, host.disk / uid
        self._volumes = _mounted(self._pod)
        self._unknown = _unknown_sources(pod)
        self._objects: dict[Source, Object | None] = {}
        self._folders: Mapping[str, str] | None = None
        self._stop_listening: Callable[[], None] | None = None

    @property
    def is_needed(self) -> bool:
        """Whether any container sees other files than the machine's."""
        return bool(self._volumes or self._pod.spec.host_aliases or self._nameserver)

    @property
    def _nameserver(self) -> str | None:
        return None if shares_machine(self._pod) else self._host.nameserver

    async def prepare(self) -> None:
        """Makes every volume that a container mounts; the second time there is nothing to do.

        Raises VolumeNotReady naming the volume and what is missing; ApiError.
        """
        if self._folders is not None or not self.is_needed:
            return
        needed = frozenset(self._source(*each) for volume in self._volumes for each in objects_of(volume))
        if needed and self._stop_listening is None:
            self._stop_listening = self._host.sources.listen(needed, self._on_change)
        for source in sorted(needed):
            self._keep(source, await self._host.sources.get(source))
        self._folders = {each.name: self._make(each) for each in self._volumes}

    def mounts(self, container: Container, env: Mapping[str, str]) -> tuple[Mount, ...]:
        """What the container sees where, after `prepare`. Raises ConfigError."""
        if not self.is_needed:
            return ()
        assert self._folders is not None, "prepared"
        fixed = frozenset(each.name for each in self._volumes if not (each.empty_dir or each.host_path))
        return (*self._hosts(), *container_mounts(container, env, self._folders, fixed))

    def update(self, pod: Object) -> None:
        """A newer state of the Pod: its labels and annotations may be among the files."""
        before, self._pod = self._pod, view(Pod, pod)
        if (before.metadata.labels, before.metadata.annotations) != (
            self._pod.metadata.labels,
            self._pod.metadata.annotations,
        ):
            self._refresh()

    def remove(self) -> None:
        """Removes everything; the pod has no process any more."""
        if self._stop_listening is not None:
            self._stop_listening()
        if self.is_needed:
            _remove(self._content)
            _remove(self._disk)

    def _make(self, volume: Volume) -> str:
        try:
            if volume.host_path:
                return host_path(volume.host_path)
            if volume.empty_dir:
                return str(_empty_folder(self._disk / volume.name))
            content = content_of(volume, self._facts())
            if content is None:
                raise VolumeNotReady(_not_here(self._unknown.get(volume.name, "such")))
            folder = self._content / volume.name
            write_content(folder, content)
        except VolumeNotReady as error:
            raise VolumeNotReady(f'MountVolume.SetUp failed for volume "{volume.name}" : {error}') from None
        except OSError as error:
            cause = f"{error.filename or self._content}: {error.strerror}"
            raise VolumeNotReady(f'MountVolume.SetUp failed for volume "{volume.name}" : {cause}') from None
        return str(folder)

    def _on_change(self, source: Source, obj: Object | None) -> None:
        self._keep(source, obj)
        self._refresh()

    def _refresh(self) -> None:
        """Writes anew what has changed. A volume whose source is gone stays as it was, as with the kubelet."""
        if self._folders is None:
            return
        for volume in self._volumes:
            try:
                content = content_of(volume, self._facts())
                if content is not None and write_content(self._content / volume.name, content):
                    logger.info("pod %s: volume %s was updated", self._pod.metadata.key, volume.name)
            except (VolumeNotReady, OSError) as error:
                logger.info("pod %s: volume %s stays as it was: %s", self._pod.metadata.key, volume.name, error)

    def _keep(self, source: Source, obj: Object | None) -> None:
        """The newer of what a request returned and what the watch has told."""
        present = self._objects.get(source)
        if present is None or obj is None or _version(obj) >= _version(present):
            self._objects[source] = obj

    def _source(self, kind: str, name: str) -> Source:
        return kind, Key(self._pod.metadata.namespace, name)

    def _facts(self) -> PodFacts:
        return PodFacts(self._pod, self._address, lambda kind, name: self._objects.get(self._source(kind, name)))

    def _hosts(self) -> tuple[Mount, ...]:
        """The files by which programs find names, where they are not this machine's."""
        files: dict[Path, str] = {}
        if self._pod.spec.host_aliases or self._nameserver:
            machine = _HOSTS.read_text() if _HOSTS.exists() and not self._nameserver else _LOCALHOST
            files[_HOSTS] = hosts_text(self._pod, self._address, machine)
        if self._nameserver:
            files[_RESOLVER] = resolver_text(self._pod.metadata.namespace, self._nameserver)
        if files:
            self._content.mkdir(mode=0o700, parents=True, exist_ok=True)
        for target, text in files.items():
            (self._content / f"..{target.name}").write_text(text)
        return tuple(Mount(str(self._content / f"..{target.name}"), str(target)) for target in files)


def _mounted(pod: Pod) -> tuple[Volume, ...]:
    """The volumes that a container mounts: the kubelet makes no others."""
    wanted = {mount.name for each in (*pod.spec.init_containers, *pod.spec.containers) for mount in each.volume_mounts}
    return tuple(each for each in pod.spec.volumes if each.name in wanted)


def _unknown_sources(pod: Object) -> dict[str, str]:
    volumes = pod["spec"].get("volumes") or ()
    return {each["name"]: next((key for key in each if key != "name"), "empty") for each in volumes}


def _not_here(source: str) -> str:
    return (
        f"the lab has no {source} volumes: use emptyDir, which lasts as long as the pod, or hostPath, "
        "a folder of this machine"
    )


def _empty_folder(folder: Path) -> Path:
    """For everybody, as the kubelet makes it: the folders above are the user's alone."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    return folder


def _remove(folder: Path) -> None:
    """Folders that a program has closed to itself are opened first."""
    if not folder.is_dir():
        return
    folder.chmod(0o700)
    for path, names, _ in os.walk(folder):
        for name in names:
            if not Path(path, name).is_symlink():
                Path(path, name).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _version(obj: Object) -> int:
    return int(obj["metadata"].get("resourceVersion") or 0)
