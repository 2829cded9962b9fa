"""Every namespace has a ConfigMap kube-root-ca.crt with the certificate authority of the API, for clients in pods."""

from collections.abc import Sequence

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.kinds.errors import AlreadyExists, Forbidden, NotFound
from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.reconcile import Mirrors, Watches

NAME = "kube-root-ca.crt"
_WHY = {"kubernetes.io/description": "The certificate authority of the lab's API."}


class RootAuthorityPublisher:
    """Writes the ConfigMap, again if somebody changes or deletes it. A key names a namespace."""

    name = "root-ca-certificate-publisher"

    def __init__(self, cluster: Cluster, certificate: str) -> None:
        self._cluster = cluster
        self._data = {"ca.crt": certificate}

    def watches(self) -> Sequence[Watches]:
        return (Watches(NAMESPACE), Watches(CONFIG_MAP, self._namespace_of))

    async def start(self, mirrors: Mirrors) -> None:
        self._namespaces = mirrors.of(NAMESPACE)
        self._config_maps = mirrors.of(CONFIG_MAP)

    def _namespace_of(self, config_map: Object) -> Sequence[Key]:
        metadata = config_map["metadata"]
        return (Key("", metadata["namespace"]),) if metadata["name"] == NAME else ()

    async def reconcile(self, key: Key) -> float | None:
        namespace = self._namespaces.get(key)
        if namespace is None or is_being_deleted(namespace):
            return None
        present = self._config_maps.get(Key(key.name, NAME))
        try:
            if present is None:
                await self._cluster.create(CONFIG_MAP, self._wanted(key.name))
            elif present.get("data") != self._data:
                await self._cluster.update(CONFIG_MAP, {**present, "data": self._data})
        except (AlreadyExists, Forbidden, NotFound):
            return None  # The watch tells what came in between: another write, or the namespace's end.
        return None

    def _wanted(self, namespace: str) -> Object:
        return {
            "apiVersion": CONFIG_MAP.api_version,
            "kind": CONFIG_MAP.name,
            "metadata": {"name": NAME, "namespace": namespace, "annotations": _WHY},
            "data": self._data,
        }
