"""Every namespace has a ServiceAccount named default, which pods run as unless they name another."""

from collections.abc import Sequence

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import NAMESPACE, SERVICE_ACCOUNT
from gatelab.kinds.errors import AlreadyExists
from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.reconcile import Mirrors, Watches

_NAME = "default"


class ServiceAccountController:
    """Creates the ServiceAccount, again if somebody deletes it. A key names a namespace."""

    name = "service-account-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def watches(self) -> Sequence[Watches]:
        return (Watches(NAMESPACE), Watches(SERVICE_ACCOUNT, self._namespace_of))

    async def start(self, mirrors: Mirrors) -> None:
        self._namespaces = mirrors.of(NAMESPACE)
        self._accounts = mirrors.of(SERVICE_ACCOUNT)

    def _namespace_of(self, account: Object) -> Sequence[Key]:
        metadata = account["metadata"]
        return (Key("", metadata["namespace"]),) if metadata["name"] == _NAME else ()

    async def reconcile(self, key: Key) -> float | None:
        namespace = self._namespaces.get(key)
        if namespace is None or is_being_deleted(namespace) or self._accounts.get(Key(key.name, _NAME)):
            return None
        account = {
            "apiVersion": SERVICE_ACCOUNT.api_version,
            "kind": SERVICE_ACCOUNT.name,
            "metadata": {"name": _NAME, "namespace": key.name},
        }
        try:
            await self._cluster.create(SERVICE_ACCOUNT, account)
        except AlreadyExists:
            return None
        return None
