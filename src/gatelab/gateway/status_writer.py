"""Writing statuses: every class, Gateway and route of ours, each in one patch, and only when it differs."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.gateway.quarantine import with_words
from gatelab.gateway.snapshot import RouteId
from gatelab.gateway.status import class_status, gateway_status, route_status
from gatelab.gateway.status_programmed import DataPlaneState
from gatelab.gateway.translate.outcome import ParentOutcome, Translation
from gatelab.kinds.builtin import GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, HTTP_ROUTE
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.reconcile import Mirrors

_Told = tuple[Object, tuple[ParentOutcome, ...], tuple[str, ...]]
Settled = dict[RouteId, _Told]
"""Routes whose status is as it shall be: the object, and what it was told by translation and by Envoy."""
_SPARE = 100


@dataclass(frozen=True, slots=True)
class StatusWrite:
    """A status that differs from the one that the object has."""

    kind: Kind
    object: Object
    status: Mapping[str, Any]

    async def perform(self, cluster: Cluster) -> None:
        """One merge patch with the version that the status was made for. Raises ApiError: Conflict if it is stale."""
        present = self.object.get("status") or {}
        gone: dict[str, Any] = {name: None for name in present if name not in self.status}
        changed = {name: value for name, value in self.status.items() if present.get(name) != value}
        patch: dict[str, Any] = {
            "metadata": {"resourceVersion": self.object["metadata"]["resourceVersion"]},
            "status": gone | changed,
        }
        await cluster.patch(self.kind, key_of(self.object), patch, subresource="status")


def due(
    mirrors: Mirrors,
    translation: Translation,
    states: Mapping[Key, DataPlaneState],
    blamed: Mapping[Key, Mapping[str, str]],
    settled: Settled,
) -> list[StatusWrite]:
    """The writes that are due. `states` are the data planes' and `blamed` Envoy's words on routes, per Gateway.

    `settled` is kept from one call to the next: a route that has been told the same is not looked at again.

    An object whose generation in the mirror is not the one that was translated is left for the next translation.
    """
    now = to_rfc3339(utc_now())
    if len(settled) > 2 * sum(len(mirrors.of(kind).list()) for kind in (GRPC_ROUTE, HTTP_ROUTE)) + _SPARE:
        settled.clear()
    wanted = (
        *_classes(mirrors, translation, now),
        *_gateways(mirrors, translation, states, now),
        *_routes(GRPC_ROUTE, mirrors, translation, blamed, settled, now),
        *_routes(HTTP_ROUTE, mirrors, translation, blamed, settled, now),
    )
    return [write for write in wanted if write.status != (write.object.get("status") or {})]


def _classes(mirrors: Mirrors, translation: Translation, now: str) -> Iterator[StatusWrite]:
    for name, accepted in translation.classes.items():
        obj = mirrors.of(GATEWAY_CLASS).get(Key("", name))
        if obj is not None and _is_of_generation(obj, accepted.observed_generation):
            yield StatusWrite(GATEWAY_CLASS, obj, class_status(accepted, obj.get("status") or {}, now))


def _gateways(
    mirrors: Mirrors, translation: Translation, states: Mapping[Key, DataPlaneState], now: str
) -> Iterator[StatusWrite]:
    for key, outcome in translation.gateways.items():
        obj = mirrors.of(GATEWAY).get(key)
        if obj is not None and _is_of_generation(obj, outcome.gateway.metadata.generation):
            yield StatusWrite(GATEWAY, obj, gateway_status(outcome, states[key], obj.get("status") or {}, now))


def _routes(
    kind: Kind,
    mirrors: Mirrors,
    translation: Translation,
    blamed: Mapping[Key, Mapping[str, str]],
    settled: Settled,
    now: str,
) -> Iterator[StatusWrite]:
    for obj in mirrors.of(kind).list():
        id_ = RouteId(kind.name, *key_of(obj))
        parents = translation.routes.get(id_, ())
        if parents and not _is_of_generation(obj, parents[0].conditions[0].observed_generation):
            continue
        words = tuple(blamed.get(parent.gateway, {}).get(str(id_), "") for parent in parents)
        told = (obj, parents, words)
        if _is_settled(settled.get(id_), told):
            continue
        present = obj.get("status") or {}
        if parents or _has_word_of(translation.controller_names, present):
            ours = [_told(id_, parent, blamed.get(parent.gateway, {})) for parent in parents]
            status = route_status(ours, translation.controller_names, present, now)
            if status != present:
                yield StatusWrite(kind, obj, status)
                continue
        settled[id_] = told


def _is_settled(before: _Told | None, told: _Told) -> bool:
    return before is not None and before[0] is told[0] and before[1:] == told[1:]


def _told(route: RouteId, parent: ParentOutcome, blamed: Mapping[str, str]) -> ParentOutcome:
    return replace(parent, conditions=with_words(route, parent, blamed))


def _has_word_of(controller_names: Container[str], status: Mapping[str, Any]) -> bool:
    return any(each.get("controllerName") in controller_names for each in status.get("parents") or ())


def _is_of_generation(obj: Object, generation: int | None) -> bool:
    return bool(obj["metadata"].get("generation", 0) == generation)
