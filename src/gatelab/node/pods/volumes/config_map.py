"""`configMap`: a file per key of a ConfigMap, of `data` and of `binaryData`."""

import base64
from collections.abc import Sequence

from gatelab.kinds.objects import Object
from gatelab.kinds.volumes import ConfigMapVolume, KeyToPath
from gatelab.node.pods.volumes.content import Content, PodFacts, VolumeNotReady, chosen


def config_map_content(volume: ConfigMapVolume, facts: PodFacts) -> Content:
    """Raises VolumeNotReady when the ConfigMap or a key is missing and not optional."""
    return config_map_files(volume.name, volume.items, facts, mode=volume.default_mode, optional=volume.optional)


def config_map_files(name: str, items: Sequence[KeyToPath], facts: PodFacts, *, mode: int, optional: bool) -> Content:
    """The same, for a source of a projected volume too."""
    found = facts.lookup("ConfigMap", name)
    if found is None:
        if optional:
            return {}
        raise VolumeNotReady(f'configmap "{name}" not found')
    return chosen(_data(found), items, mode=mode, optional=optional, kind="configmap")


def _data(config_map: Object) -> dict[str, bytes]:
    binary = {key: base64.b64decode(value) for key, value in (config_map.get("binaryData") or {}).items()}
    return {key: value.encode() for key, value in (config_map.get("data") or {}).items()} | binary
