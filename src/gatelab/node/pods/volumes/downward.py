"""`downwardAPI`: what a Pod says about itself, as files. Labels and annotations follow their changes."""

from collections.abc import Sequence

from gatelab.kinds.pods import Container, Pod
from gatelab.kinds.volumes import DownwardFile, DownwardVolume
from gatelab.node.pods.fields import field_text
from gatelab.node.pods.resource_fields import resource_value
from gatelab.node.pods.volumes.content import Content, File, PodFacts, VolumeNotReady, relative


def downward_content(volume: DownwardVolume, facts: PodFacts) -> Content:
    """Raises VolumeNotReady naming the file whose field cannot be read."""
    return downward_files(volume.items, facts, mode=volume.default_mode)


def downward_files(items: Sequence[DownwardFile], facts: PodFacts, *, mode: int) -> Content:
    """The same, for a source of a projected volume too."""
    return {
        relative(each.path): File(_text(each, facts).encode(), mode if each.mode is None else each.mode)
        for each in items
    }


def _text(item: DownwardFile, facts: PodFacts) -> str:
    try:
        if item.field_ref:
            return field_text(facts.pod, item.field_ref.field_path, facts.address)
        if item.resource_field_ref:
            container = _container(facts.pod, item.resource_field_ref.container_name)
            return resource_value(facts.pod, container, item.resource_field_ref)
    except ValueError as error:
        raise VolumeNotReady(f'downwardAPI file "{item.path}": {error}') from None
    raise VolumeNotReady(f'downwardAPI file "{item.path}" has neither fieldRef nor resourceFieldRef')


def _container(pod: Pod, name: str) -> Container:
    for each in (*pod.spec.containers, *pod.spec.init_containers):
        if each.name == name:
            return each
    raise ValueError(f'there is no container "{name}": name one in resourceFieldRef.containerName')
