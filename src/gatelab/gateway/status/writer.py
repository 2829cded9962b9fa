"""Writing statuses: every class, Gateway, ListenerSet, route and policy, in one patch, and only when it differs."""

import functools
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.gateway.loops import all_of
from gatelab.gateway.publication.refusals import Refusals, with_refusal
from gatelab.gateway.snapshot import RouteId, snapshot
from gatelab.gateway.status.policies import PolicyStatuses
from gatelab.gateway.status.programmed import DataPlaneState
from gatelab.gateway.status.statuses import (
    class_status,
    gateway_status,
    listener_set_status,
    orphan_status,
    route_status,
)
from gatelab.gateway.status.write import StatusWrite, is_of_generation
from gatelab.gateway.translate.outcome import ParentOutcome, Translation
from gatelab.kinds.builtin import GATEWAY, GATEWAY_CLASS, LISTENER_SET
from gatelab.kinds.objects import Key
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.reconcile import Mirrors

Words = Mapping[Key, Refusals]
"""Envoy's words on routes, per Gateway."""
ROUTES = {kind.name: kind for kind in snapshot.ROUTES}


class StatusWriter:
    """Writes what is due. A route is looked at when it or what it is to be told has changed, until it has been told."""

    def __init__(self, cluster: Cluster, mirrors: Mirrors) -> None:
        self._cluster = cluster
        self._mirrors = mirrors
        self._changes = {name: mirrors.of(kind).follow() for name, kind in ROUTES.items()}
        self._open: set[RouteId] = set()
        self._translation = Translation()
        self._words: Words = {}
        self._policies = PolicyStatuses(mirrors)

    async def write(self, translation: Translation, states: Mapping[Key, DataPlaneState], words: Words) -> None:
        """Writes the statuses that follow from these; `states` are the data planes', per Gateway.

        An object whose generation in the mirror is not the one that was translated is left for the next translation.
        Raises the first ApiError when all is done that could be.
        """
        now = to_rfc3339(utc_now())
        self._note(translation, words)
        others = (
            *_classes(self._mirrors, translation, now),
            *_gateways(self._mirrors, translation, states, now),
            *_listener_sets(self._mirrors, translation, states, now),
        )
        writes = [write for write in others if write.status != (write.object.get("status") or {})]
        for id_ in sorted(self._open):
            write = self._of_route(id_, now)
            if write is None:
                self._open.discard(id_)
            else:
                writes.append(write)
        writes.extend(self._policies.due(translation, now))
        await all_of(functools.partial(write.perform, self._cluster) for write in writes)

    def _note(self, translation: Translation, words: Words) -> None:
        for name, changes in self._changes.items():
            self._open.update(RouteId(name, *key) for key in changes.take())
        self._open.update(translation.routes.changes_since(self._translation.routes))
        if words != self._words:
            texts = {text for each in (words, self._words) for of_gateway in each.values() for text in of_gateway}
            self._open.update(RouteId(*text.split("/")) for text in texts)
        self._translation, self._words = translation, words

    def _of_route(self, id_: RouteId, now: str) -> StatusWrite | None:
        """The write that is due; None if there is none, or will be none before the next translation."""
        kind = ROUTES[id_.kind]
        obj = self._mirrors.of(kind).get(id_.key)
        parents = self._translation.routes.get(id_, ())
        if obj is None or (parents and not is_of_generation(obj, parents[0].conditions[0].observed_generation)):
            return None
        present = obj.get("status") or {}
        if not parents and not _has_word_of(self._translation.controller_names, present):
            return None
        ours = [_told(id_, parent, self._words.get(parent.gateway, {})) for parent in parents]
        status = route_status(ours, self._translation.controller_names, present, now)
        return StatusWrite(kind, obj, status) if status != present else None


def _classes(mirrors: Mirrors, translation: Translation, now: str) -> Iterator[StatusWrite]:
    for name, accepted in translation.classes.items():
        obj = mirrors.of(GATEWAY_CLASS).get(Key("", name))
        if obj is not None and is_of_generation(obj, accepted.observed_generation):
            yield StatusWrite(GATEWAY_CLASS, obj, class_status(accepted, obj.get("status") or {}, now))


def _gateways(
    mirrors: Mirrors, translation: Translation, states: Mapping[Key, DataPlaneState], now: str
) -> Iterator[StatusWrite]:
    for key, outcome in translation.gateways.items():
        obj = mirrors.of(GATEWAY).get(key)
        if obj is not None and is_of_generation(obj, outcome.gateway.metadata.generation):
            yield StatusWrite(GATEWAY, obj, gateway_status(outcome, states[key], obj.get("status") or {}, now))


def _listener_sets(
    mirrors: Mirrors, translation: Translation, states: Mapping[Key, DataPlaneState], now: str
) -> Iterator[StatusWrite]:
    for key, gateway in translation.gateways.items():
        for outcome in gateway.listener_sets:
            obj = mirrors.of(LISTENER_SET).get(outcome.listener_set.metadata.key)
            if obj is not None and is_of_generation(obj, outcome.listener_set.metadata.generation):
                present = obj.get("status") or {}
                status = listener_set_status(outcome, gateway, states[key], present, now)
                yield StatusWrite(LISTENER_SET, obj, status)
    for each in translation.orphans:
        obj = mirrors.of(LISTENER_SET).get(each.metadata.key)
        if obj is not None and is_of_generation(obj, each.metadata.generation):
            yield StatusWrite(LISTENER_SET, obj, orphan_status(each, obj.get("status") or {}, now))


def _told(route: RouteId, parent: ParentOutcome, refusals: Refusals) -> ParentOutcome:
    return replace(parent, conditions=with_refusal(route, parent, refusals))


def _has_word_of(controller_names: Container[str], status: Mapping[str, Any]) -> bool:
    return any(each.get("controllerName") in controller_names for each in status.get("parents") or ())
