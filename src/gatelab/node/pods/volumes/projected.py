"""`projected`: several sources in one folder; of two files with one path the later source's is there."""

from gatelab.kinds.volumes import ProjectedSource, ProjectedVolume
from gatelab.node.pods.volumes.config_map import config_map_files
from gatelab.node.pods.volumes.content import Content, File, PodFacts, VolumeNotReady
from gatelab.node.pods.volumes.downward import downward_files
from gatelab.node.pods.volumes.secret import secret_files


def projected_content(volume: ProjectedVolume, facts: PodFacts) -> Content:
    """Raises VolumeNotReady for what is missing, and for sources that the lab does not have."""
    files: dict[str, File] = {}
    for source in volume.sources:
        files.update(_files(source, facts, volume.default_mode))
    return files


def _files(source: ProjectedSource, facts: PodFacts, mode: int) -> Content:
    if source.config_map:
        keys = source.config_map
        return config_map_files(keys.name, keys.items, facts, mode=mode, optional=keys.optional)
    if source.secret:
        keys = source.secret
        return secret_files(keys.name, keys.items, facts, mode=mode, optional=keys.optional)
    if source.downward_api:
        return downward_files(source.downward_api.items, facts, mode=mode)
    raise VolumeNotReady(
        "the lab projects configMap, secret and downwardAPI; it issues no tokens for service accounts and has no "
        "trust bundles: put what the program needs into a Secret"
    )
