"""Volumes as folders: what is in them, when they change, and what a container sees of them."""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE, SECRET
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.node.pods.environment import ConfigError
from gatelab.node.pods.volumes.content import File, VolumeNotReady
from gatelab.node.pods.volumes.folder import write_content
from gatelab.node.pods.volumes.pod import PodVolumes, VolumeHost
from gatelab.node.pods.volumes.sources import Sources
from gatelab.store import Store

MakeObject = Callable[..., dict[str, Any]]


class Node:
    """Volumes of pods on a small cluster."""

    def __init__(self, folder: Path, make_object: MakeObject) -> None:
        self.cluster = EmbeddedCluster(Store.open(None))
        self.host = VolumeHost(Sources(self.cluster), folder / "content", folder / "disk")
        self._make_object = make_object

    async def put(self, kind: Any, name: str, **content: Any) -> None:
        obj: Object = {
            "apiVersion": "v1",
            "kind": kind.name,
            "metadata": {"name": name, "namespace": "default"},
            **content,
        }
        await self.cluster.create(kind, obj)

    def pod(self, volume: dict[str, Any], mount: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
        mounts = [{"name": "v", "mountPath": "/etc/app", **(mount or {})}]
        return self._make_object({"volumeMounts": mounts}, volumes=[{"name": "v", **volume}], **pod)

    async def prepared(self, volume: dict[str, Any], mount: dict[str, Any] | None = None, **pod: Any) -> PodVolumes:
        volumes = PodVolumes(self.pod(volume, mount, **pod), "127.26.1.9", self.host)
        await volumes.prepare()
        return volumes

    def folder(self) -> Path:
        return self.host.content / "uid-hello" / "v"


@pytest.fixture
async def node(tmp_path: Path, make_object: MakeObject) -> AsyncIterator[Node]:
    made = Node(tmp_path, make_object)
    await made.cluster.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    async with asyncio.TaskGroup() as tasks:
        follow = tasks.create_task(made.host.sources.run())
        yield made
        follow.cancel()


def files(folder: Path) -> dict[str, str]:
    """What a program sees that does not know of the links."""
    seen = [path for path in folder.rglob("*") if not any(part.startswith("..") for part in path.parts[-2:])]
    linked = {path for path in folder.iterdir() if not path.name.startswith("..") and path.is_dir()}
    seen += [path for each in linked for path in each.resolve().rglob("*")]
    return {path.name: path.read_text() for path in seen if path.is_file()}


def text(path: str) -> str:
    return Path(path).read_text()


async def changes(folder: Path, expected: dict[str, str]) -> None:
    async with asyncio.timeout(30):
        while files(folder) != expected:  # noqa: ASYNC110 - a folder has no events
            await asyncio.sleep(0.005)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_a_config_map_is_a_file_per_key(node: Node) -> None:
    await node.put(CONFIG_MAP, "app", data={"a": "1", "b.yaml": "2"}, binaryData={"c": b64("3")})
    volumes = await node.prepared({"configMap": {"name": "app"}})
    assert files(node.folder()) == {"a": "1", "b.yaml": "2", "c": "3"}
    (mount,) = volumes.mounts(volumes._pod.spec.containers[0], {})
    assert (mount.source, mount.target, mount.read_only) == (str(node.folder()), "/etc/app", True)


async def test_items_name_keys_paths_and_modes(node: Node) -> None:
    await node.put(SECRET, "tls", data={"key": b64("k"), "other": b64("o")})
    items = [{"key": "key", "path": "deep/tls.key", "mode": 0o400}]
    await node.prepared({"secret": {"secretName": "tls", "items": items}})
    file = node.folder() / "deep" / "tls.key"
    assert file.read_text() == "k"
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert not (node.folder() / "other").exists()


async def test_the_default_mode_is_that_of_every_file(node: Node) -> None:
    await node.put(SECRET, "tls", data={"key": b64("k")})
    await node.prepared({"secret": {"secretName": "tls", "defaultMode": 0o440}})
    assert stat.S_IMODE((node.folder() / "key").stat().st_mode) == 0o440


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found'),
        (
            {"configMap": {"name": "app", "items": [{"key": "z", "path": "z"}]}},
            "configmap references non-existent config key: z",
        ),
        ({"configMap": {"name": "app", "items": [{"key": "a", "path": "../z"}]}}, "must be relative"),
        (
            {"persistentVolumeClaim": {"claimName": "data"}},
            "the lab has no persistentVolumeClaim volumes: use emptyDir",
        ),
        ({"hostPath": {"path": "/none"}}, "hostPath /none: no such file or directory"),
        ({"hostPath": {"path": "/etc", "type": "File"}}, "hostPath type check failed: /etc is not a file"),
        ({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}, "issues no tokens"),
        ({"downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "spec.x"}}]}}, "fieldPath 'spec.x'"),
    ],
)
async def test_what_is_missing_is_named(node: Node, volume: dict[str, Any], message: str) -> None:
    await node.put(CONFIG_MAP, "app", data={"a": "1"})
    with pytest.raises(VolumeNotReady) as raised:
        await node.prepared(volume)
    assert str(raised.value).startswith('MountVolume.SetUp failed for volume "v" : ')
    assert message in str(raised.value)


async def test_it_is_ready_once_the_source_is_there(node: Node) -> None:
    volumes = PodVolumes(node.pod({"configMap": {"name": "late"}}), "127.26.1.9", node.host)
    with pytest.raises(VolumeNotReady):
        await volumes.prepare()
    await node.put(CONFIG_MAP, "late", data={"a": "1"})
    await volumes.prepare()
    assert files(node.folder()) == {"a": "1"}


async def test_what_is_optional_may_be_missing_and_come_later(node: Node) -> None:
    await node.prepared({"configMap": {"name": "late", "optional": True}})
    assert files(node.folder()) == {}
    await node.put(CONFIG_MAP, "late", data={"a": "1"})
    await changes(node.folder(), {"a": "1"})


async def test_files_follow_their_config_map_all_at_once(node: Node) -> None:
    await node.put(CONFIG_MAP, "app", data={"a": "1", "b": "1"})
    await node.prepared({"configMap": {"name": "app"}})
    await node.cluster.patch(CONFIG_MAP, Key("default", "app"), {"data": {"a": "2", "b": None, "c": "2"}})
    await changes(node.folder(), {"a": "2", "c": "2"})
    assert (node.folder() / "a").readlink() == Path("..data/a")
    assert len([each for each in node.folder().iterdir() if each.name.startswith("..2")]) == 1


async def test_what_is_deleted_leaves_its_files(node: Node) -> None:
    await node.put(CONFIG_MAP, "app", data={"a": "1"})
    volumes = await node.prepared({"configMap": {"name": "app"}})
    volumes._on_change(("ConfigMap", Key("default", "app")), None)
    assert files(node.folder()) == {"a": "1"}


async def test_several_sources_are_projected_into_one_folder(node: Node) -> None:
    await node.put(CONFIG_MAP, "app", data={"a": "1"})
    await node.put(SECRET, "tls", data={"key": b64("k")})
    fields = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    sources = [{"configMap": {"name": "app"}}, {"secret": {"name": "tls"}}, {"downwardAPI": {"items": fields}}]
    await node.prepared({"projected": {"sources": sources}})
    assert files(node.folder()) == {"a": "1", "key": "k", "labels": 'app.kubernetes.io/name="hello"'}


async def test_labels_follow_the_pod(node: Node) -> None:
    fields = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    volume = {"downwardAPI": {"items": fields}}
    volumes = await node.prepared(volume)
    pod = node.pod(volume)
    pod["metadata"]["labels"] = {"b": 'say "hi"', "a": "1"}
    volumes.update(pod)
    assert files(node.folder()) == {"labels": 'a="1"\nb="say \\"hi\\""'}


async def test_limits_are_read_of_the_container_that_is_named(node: Node) -> None:
    ref = {"containerName": "main", "resource": "limits.memory", "divisor": "1Mi"}
    pod = node.pod({"downwardAPI": {"items": [{"path": "memory", "resourceFieldRef": ref}]}})
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
    await PodVolumes(pod, "127.26.1.9", node.host).prepare()
    assert files(node.folder()) == {"memory": "64"}


async def test_an_empty_folder_is_for_everybody_and_goes_with_the_pod(node: Node) -> None:
    volumes = await node.prepared({"emptyDir": {}}, {"subPath": "a/b"})
    (mount,) = volumes.mounts(volumes._pod.spec.containers[0], {})
    folder = node.host.disk / "uid-hello" / "v"
    assert mount.source == str(folder / "a" / "b")
    assert not mount.read_only
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777
    (folder / "closed").mkdir(mode=0)
    volumes.remove()
    assert not folder.parent.exists()


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ({"subPath": "a"}, "a"),
        ({"subPathExpr": "$(KEY)"}, "a"),
        ({"subPath": "none"}, "there is no none in the volume; it has a"),
        ({"subPath": "../x"}, "must be relative"),
        ({"subPathExpr": "$(NONE)"}, "no variable NONE in its env"),
        ({"mountPath": "/"}, "cannot be mounted on /"),
    ],
)
async def test_a_part_of_a_volume(node: Node, mount: dict[str, Any], expected: str) -> None:
    await node.put(CONFIG_MAP, "app", data={"a": "1"})
    volumes = await node.prepared({"configMap": {"name": "app"}}, mount)
    container = volumes._pod.spec.containers[0]
    if " " in expected:
        with pytest.raises(ConfigError, match=expected):
            volumes.mounts(container, {})
        return
    (seen,) = volumes.mounts(container, {"KEY": "a"})
    assert text(seen.source) == "1"


async def test_a_link_does_not_lead_out_of_the_volume(node: Node) -> None:
    volumes = await node.prepared({"emptyDir": {}}, {"subPath": "out/passwd"})
    (node.host.disk / "uid-hello" / "v" / "out").symlink_to("/etc")
    with pytest.raises(ConfigError, match="leads out of the volume"):
        volumes.mounts(volumes._pod.spec.containers[0], {})


async def test_aliases_become_lines_of_a_hosts_file_of_the_pods_own(node: Node, make_object: MakeObject) -> None:
    pod = make_object({}, hostAliases=[{"ip": "10.1.2.3", "hostnames": ["foo", "bar"]}])
    volumes = PodVolumes(pod, "127.26.1.9", node.host)
    await volumes.prepare()
    (mount,) = volumes.mounts(view(Pod, pod).spec.containers[0], {})
    lines = text(mount.source).splitlines()
    assert mount.target == "/etc/hosts"
    assert lines[1:3] == ["127.26.1.9\thello", "10.1.2.3\tfoo\tbar"]


async def test_a_pod_without_volumes_has_nothing(node: Node, make_object: MakeObject) -> None:
    pod = make_object({}, volumes=[{"name": "unused", "configMap": {"name": "none"}}])
    volumes = PodVolumes(pod, "127.26.1.9", node.host)
    await volumes.prepare()
    assert not volumes.is_needed
    assert volumes.mounts(view(Pod, pod).spec.containers[0], {}) == ()
    assert not node.host.content.exists()


def test_the_leftovers_of_other_pods_are_removed(tmp_path: Path) -> None:
    host = VolumeHost(Sources(EmbeddedCluster(Store.open(None))), tmp_path / "content", tmp_path / "disk")
    for uid in ("a", "b"):
        (tmp_path / "disk" / uid / "v").mkdir(parents=True)
    host.forget_others(frozenset({"a"}))
    assert [each.name for each in (tmp_path / "disk").iterdir()] == ["a"]


def test_a_folder_that_has_the_content_is_left_alone(tmp_path: Path) -> None:
    assert write_content(tmp_path, {"a": File(b"1", 0o644)})
    assert not write_content(tmp_path, {"a": File(b"1", 0o644)})
    assert write_content(tmp_path, {"a": File(b"1", 0o600)})


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(File(b"hunter2", 0o600))
