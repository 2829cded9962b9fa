"""The content of a volume, whichever source it has; and which objects it is made of."""

from collections.abc import Iterator

from gatelab.kinds.volumes import Volume
from gatelab.node.pods.volumes.config_map import config_map_content
from gatelab.node.pods.volumes.content import Content, PodFacts
from gatelab.node.pods.volumes.downward import downward_content
from gatelab.node.pods.volumes.projected import projected_content
from gatelab.node.pods.volumes.secret import secret_content


def content_of(volume: Volume, facts: PodFacts) -> Content | None:
    """The files of the volume; None for one that is not made of files. Raises VolumeNotReady."""
    if volume.config_map:
        return config_map_content(volume.config_map, facts)
    if volume.secret:
        return secret_content(volume.secret, facts)
    if volume.downward_api:
        return downward_content(volume.downward_api, facts)
    if volume.projected:
        return projected_content(volume.projected, facts)
    return None


def objects_of(volume: Volume) -> Iterator[tuple[str, str]]:
    """("ConfigMap" | "Secret", name) of what the volume reads."""
    if volume.config_map:
        yield "ConfigMap", volume.config_map.name
    if volume.secret:
        yield "Secret", volume.secret.secret_name
    if volume.projected:
        for source in volume.projected.sources:
            if source.config_map:
                yield "ConfigMap", source.config_map.name
            if source.secret:
                yield "Secret", source.secret.name
