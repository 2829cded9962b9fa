"""What every pod of this node shares: the keeper, the catalogue, the API, the folders."""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import CONFIG_MAP, SECRET
from gatelab.kinds.core import ConfigMap, Secret
from gatelab.kinds.errors import NotFound
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view
from gatelab.node.images import Catalogue
from gatelab.node.keeper.client import Keeper
from gatelab.node.meter import PodMeter
from gatelab.node.network.pod_networks import PodNetworks
from gatelab.node.pods.reports import Reports
from gatelab.node.pods.volumes.pod import VolumeHost

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PodHost:
    """The node as its pods see it."""

    cluster: Cluster
    keeper: Keeper
    catalogue: Catalogue
    reports: Reports
    log_folder: Path
    node_address: str
    volumes: VolumeHost
    networks: PodNetworks | None = None
    """None where all pods share this machine's network."""
    meter: PodMeter = field(default_factory=PodMeter)

    async def values(
        self, namespace: str, needed: frozenset[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[str, str] | None]:
        """The data of ConfigMaps and Secrets; None for those that are not there. Raises ApiError."""
        return {(kind, name): await self._data(kind, Key(namespace, name)) for kind, name in sorted(needed)}

    async def _data(self, kind: str, key: Key) -> dict[str, str] | None:
        try:
            if kind == "ConfigMap":
                return dict(view(ConfigMap, await self.cluster.get(CONFIG_MAP, key)).data)
            secret = view(Secret, await self.cluster.get(SECRET, key))
        except NotFound:
            return None
        return {name: (secret.value(name) or b"").decode(errors="surrogateescape") for name in secret.data}


def host_environment() -> Mapping[str, str]:
    """The little that a container gets from this machine. The interpreter of this program comes first in PATH."""
    path = os.environ.get("PATH", os.defpath)
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{path}",
        "HOME": os.environ.get("HOME", "/"),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
