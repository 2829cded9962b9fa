"""`secret`: a file per key of a Secret."""

import base64
from collections.abc import Sequence

from gatelab.kinds.volumes import KeyToPath, SecretVolume
from gatelab.node.pods.volumes.content import Content, PodFacts, VolumeNotReady, chosen


def secret_content(volume: SecretVolume, facts: PodFacts) -> Content:
    """Raises VolumeNotReady when the Secret or a key is missing and not optional."""
    return secret_files(volume.secret_name, volume.items, facts, mode=volume.default_mode, optional=volume.optional)


def secret_files(name: str, items: Sequence[KeyToPath], facts: PodFacts, *, mode: int, optional: bool) -> Content:
    """The same, for a source of a projected volume too."""
    found = facts.lookup("Secret", name)
    if found is None:
        if optional:
            return {}
        raise VolumeNotReady(f'secret "{name}" not found')
    data = {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
    return chosen(data, items, mode=mode, optional=optional, kind="secret")
