"""Volumes of pods as typed views (core/v1 Volume). Defaults are those that the API server writes."""

import msgspec

from gatelab.kinds.views import View

DEFAULT_MODE = 0o644


class FieldRef(View, frozen=True):
    field_path: str
    api_version: str = "v1"


class ResourceFieldRef(View, frozen=True):
    resource: str
    container_name: str = ""
    divisor: str | int = "0"


class KeyToPath(View, frozen=True):
    """A key of a ConfigMap or Secret, and the file for it; `mode` None is the volume's."""

    key: str
    path: str
    mode: int | None = None


class SecretVolume(View, frozen=True):
    secret_name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False
    default_mode: int = DEFAULT_MODE


class ConfigMapVolume(View, frozen=True):
    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False
    default_mode: int = DEFAULT_MODE


class DownwardFile(View, frozen=True):
    path: str
    field_ref: FieldRef | None = None
    resource_field_ref: ResourceFieldRef | None = None
    mode: int | None = None


class DownwardVolume(View, frozen=True):
    items: tuple[DownwardFile, ...] = ()
    default_mode: int = DEFAULT_MODE


class ProjectedKeys(View, frozen=True):
    """A ConfigMap or Secret within a projected volume."""

    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False


class ProjectedSource(View, frozen=True):
    """One of these is there; none means one that the lab does not have."""

    config_map: ProjectedKeys | None = None
    secret: ProjectedKeys | None = None
    downward_api: DownwardVolume | None = msgspec.field(name="downwardAPI", default=None)


class ProjectedVolume(View, frozen=True):
    sources: tuple[ProjectedSource, ...] = ()
    default_mode: int = DEFAULT_MODE


class EmptyDirVolume(View, frozen=True):
    medium: str = ""


class HostPathVolume(View, frozen=True):
    path: str
    type: str = ""


class Volume(View, frozen=True):
    """One source is there; none of those named here means one that the lab does not have."""

    name: str
    secret: SecretVolume | None = None
    config_map: ConfigMapVolume | None = None
    downward_api: DownwardVolume | None = msgspec.field(name="downwardAPI", default=None)
    projected: ProjectedVolume | None = None
    empty_dir: EmptyDirVolume | None = None
    host_path: HostPathVolume | None = None
