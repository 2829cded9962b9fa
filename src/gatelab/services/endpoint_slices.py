"""Services with a selector get EndpointSlices that follow their pods."""

from collections.abc import Iterable, Sequence

from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import ENDPOINT_SLICE, POD, SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import MANAGED_BY, SERVICE_NAME
from gatelab.kinds.errors import NotFound
from gatelab.kinds.objects import Key, Object, controller_of, is_being_deleted, key_of
from gatelab.kinds.pods import Pod
from gatelab.kinds.selectors import Labels
from gatelab.kinds.views import view
from gatelab.reconcile import Expectations, Mirrors, Watches
from gatelab.services.endpoints import MANAGER, Content, contents, slice_of

_OWNED = "controller-uid"


class EndpointSliceController:
    """Writes the slices of Services that have a selector; slices of others, and other people's, it leaves alone."""

    name = "endpointslice-controller"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def watches(self) -> Sequence[Watches]:
        return (Watches(SERVICE), Watches(POD, self._keys_of_pod), Watches(ENDPOINT_SLICE, _key_of_slice))

    async def start(self, mirrors: Mirrors) -> None:
        self._services = mirrors.of(SERVICE)
        self._pods = mirrors.of(POD)
        self._slices = mirrors.of(ENDPOINT_SLICE)
        self._slices.add_index(_OWNED, _owner_uids)
        self._expected = Expectations(self._slices)

    def _keys_of_pod(self, pod: Object) -> Iterable[Key]:
        labels = pod["metadata"].get("labels") or {}
        services = self._services.list(pod["metadata"]["namespace"])
        return [key_of(each) for each in services if _matches(each["spec"].get("selector"), labels)]

    async def reconcile(self, key: Key) -> float | None:
        obj = self._services.get(key)
        if obj is None:
            self._expected.forget(key)
            return None
        service = view(Service, obj)
        if is_being_deleted(obj) or not service.spec.selector or service.spec.type == "ExternalName":
            return None
        selected = (
            view(Pod, each)
            for each in self._pods.list(key.namespace)
            if _matches(service.spec.selector, each["metadata"].get("labels") or {})
        )
        owned = [each for each in self._slices.by_index(_OWNED, service.metadata.uid) if _is_ours(each)]
        present = self._expected.current(key, owned)
        await self._write(service, contents(service, list(selected)), present)
        return None

    async def _write(self, service: Service, wanted: Sequence[Content], present: Sequence[Object]) -> None:
        """Each content goes to a slice that has its ports already, else to any left over, else to a new one."""
        left = sorted(present, key=key_of)
        pairs = [(content, _taken(left, content)) for content in wanted]
        for content, old in pairs:
            await self._write_one(service, content, old or (left.pop(0) if left else None))
        for each in left:
            await self._delete(service, each)

    async def _write_one(self, service: Service, content: Content, old: Object | None) -> None:
        new = slice_of(service, content, old)
        if old is None:
            written = await self._cluster.create(ENDPOINT_SLICE, new)
        elif new != old:
            written = await self._cluster.update(ENDPOINT_SLICE, new)
        else:
            return
        self._expected.wrote(service.metadata.key, written)

    async def _delete(self, service: Service, old: Object) -> None:
        self._expected.deleted(service.metadata.key, old)
        try:
            await self._cluster.delete(ENDPOINT_SLICE, key_of(old), uid=old["metadata"]["uid"])
        except NotFound:
            return


def _taken(left: list[Object], content: Content) -> Object | None:
    for index, each in enumerate(left):
        if each.get("ports") == content.ports:
            return left.pop(index)
    return None


def _matches(selector: Labels | None, labels: Labels) -> bool:
    return bool(selector) and (selector or {}).items() <= labels.items()


def _is_ours(obj: Object) -> bool:
    return bool((obj["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER) and not is_being_deleted(obj)


def _owner_uids(obj: Object) -> Iterable[str]:
    reference = controller_of(obj)
    return (reference["uid"],) if reference else ()


def _key_of_slice(obj: Object) -> Iterable[Key]:
    name = (obj["metadata"].get("labels") or {}).get(SERVICE_NAME)
    return (Key(obj["metadata"]["namespace"], name),) if name and _is_ours(obj) else ()
