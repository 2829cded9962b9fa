"""The store: every object of the lab, its versions and their history."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from gatelab.kinds import fields as field_selectors
from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from gatelab.kinds.custom import definition
from gatelab.kinds.fields import FieldSelector
from gatelab.kinds.kind import Kind
from gatelab.kinds.names import generated
from gatelab.kinds.objects import Key, Object, is_being_deleted
from gatelab.kinds.selectors import LabelSelector
from gatelab.kinds.timestamps import utc_now
from gatelab.store import definitions, deletion, garbage, meter, refusals, versions
from gatelab.store.commits import Commits, Write
from gatelab.store.deletion import Propagation
from gatelab.store.history import History, Recorded, Watch
from gatelab.store.journal import Journal, JournalError, Row, corrupt
from gatelab.store.stored import Stored, recovered, stored
from gatelab.store.tables import IndexedObjects, Objects, Place
from gatelab.store.versions import Subresource
from gatelab.telemetry import Reading

HISTORY_LIMIT = 10_000
"""Writes held per kind for watches to resume from; a tenth of it for kinds that are not journaled."""

_STEPS_AT_ONCE = 256
_NAME_ATTEMPTS = 8

Fields = Mapping[str, str] | str | None


class Store:
    """Objects with optimistic locking, bounded history and a journal. Everything is for one event loop's thread.

    A mutation computes at once on the newest state, so mutations are atomic and ordered by `resourceVersion`; it
    returns when it is on disk, and only then do readers and watchers see it. Every method raises
    `kinds.errors.ApiError`. What is handed out is shared and must not be changed.
    """

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        history_limit: int = HISTORY_LIMIT,
        namespace_grace_s: float = 0.0,
    ) -> None:
        self._clock = clock
        self._history_limit = history_limit
        self._namespace_grace_s = 0.0  # what an earlier life has begun is ended at once
        self._histories: dict[str, History] = {}
        self._visible = Objects()
        self._todo: deque[Place] = deque()
        self._in_grace: set[str] = set()
        self.definitions_version = 0
        """Changes with every change of a CustomResourceDefinition that readers see."""
        self._published_version = self._recover(journal) if journal is not None else 0
        self._floor = self._last_version = self._published_version
        self._newest = IndexedObjects(self._visible)
        self._commits = Commits(
            journal, self._last_version, publish=self._publish, settle=self._settle, failed=self._forget_unpublished
        )
        self._resume()
        self._namespace_grace_s = namespace_grace_s

    @classmethod
    def open(
        cls,
        journal_path: Path | None,
        *,
        clock: Callable[[], datetime] = utc_now,
        namespace_grace_s: float = 0.0,
    ) -> "Store":
        """The store as the journal has it (created if absent); memory only without one. Raises JournalError.

        `namespace_grace_s` is how long the content of a namespace that ends is left alone, as Kubernetes does (5 s
        there): `kubectl delete -f` deletes the namespace first and then, one by one, what was in it.
        """
        journal = Journal.open(journal_path) if journal_path is not None else None
        return cls(journal, clock=clock, namespace_grace_s=namespace_grace_s)

    async def close(self) -> None:
        """Ends all watches, waits for what is being written, and frees the journal."""
        for history in self._histories.values():
            history.end()
        await self._commits.close(self._last_version)

    @property
    def version(self) -> int:
        """The last resourceVersion that readers see."""
        return self._published_version

    def readings(self) -> Iterable[Reading]:
        """What the store counts, for metrics."""
        yield from meter.present(self._visible.counts(), self.version)
        yield from self._commits.readings()

    # Reading

    def get(self, kind: Kind, key: Key) -> Stored:
        """Raises NotFound."""
        found = self._visible.get(kind, key)
        if found is None:
            raise refusals.not_found(kind, key.name)
        return found

    def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        selector: LabelSelector | None = None,
        fields: Fields = None,
        at: int | None = None,
    ) -> tuple[list[Stored], int]:
        """The matching objects sorted by key, and the version of the store that they are the truth of.

        That is the newest version, or `at`. Raises Expired when the history does not reach back so far.
        """
        matches = _filter(namespace, selector, fields)
        objects = self._visible.sorted(kind) if at is None else self._as_of(kind, at)
        version = self._published_version if at is None else at
        return [each for each in objects if matches(each)], version

    def _as_of(self, kind: Kind, version: int) -> Sequence[Stored]:
        self.check_reached(version)
        before = self._history(kind).undone(version)
        kept = [each for each in self._visible.sorted(kind) if each.key not in before]
        return sorted([*kept, *filter(None, before.values())], key=attrgetter("key"))

    def check_reached(self, version: int) -> None:
        """Raises Expired for a version that readers do not see yet."""
        if version > self._published_version:
            raise refusals.too_new(version, self._published_version)

    def watch(
        self,
        kind: Kind,
        *,
        since: int,
        namespace: str | None = None,
        selector: LabelSelector | None = None,
        fields: Fields = None,
    ) -> Watch:
        """The changes after version `since`. Raises Expired when they are no longer held."""
        self.check_reached(since)
        return Watch(self._history(kind), since, _filter(namespace, selector, fields))

    # Writing

    async def create(self, kind: Kind, obj: Object, *, dry_run: bool = False) -> Stored:
        """Raises AlreadyExists; NotFound for a missing namespace, Forbidden for one that ends.

        The status is stored as given: who may not give one is the API server's business.
        """
        key = self._free_key(kind, obj)
        self._check_home(kind, key)
        new = versions.created(kind, obj, key, self._clock())
        if dry_run:
            return stored(new, 0)
        return await self._acknowledged(self._put(kind, None, new))

    async def update(
        self, kind: Kind, obj: Object, *, subresource: Subresource | None = None, dry_run: bool = False
    ) -> Stored:
        """Replaces the object of that name; of subresource "status" only the status, of "scale" only spec.replicas.

        Raises NotFound; Conflict when `metadata.resourceVersion` or `uid` is given and not the present one. An equal
        object makes no new version.
        """
        metadata = obj.get("metadata") or {}
        if not metadata.get("name"):
            raise refusals.nameless(kind)
        key = versions.key_for(kind, obj, metadata["name"])
        return await self.modify(kind, key, lambda _: obj, subresource=subresource, dry_run=dry_run)

    async def modify(
        self,
        kind: Kind,
        key: Key,
        change: Callable[[Object], Object],
        *,
        subresource: Subresource | None = None,
        dry_run: bool = False,
    ) -> Stored:
        """Replaces the object by what `change` makes of the newest one, atomically. `change` must not alter it."""
        before = self._present(kind, key)
        new = versions.updated(kind, before, change(before.object), subresource)
        if dry_run:
            return stored(new, before.version)
        return await self._acknowledged(self._replace(kind, before, new))

    async def delete(
        self,
        kind: Kind,
        key: Key,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_period_s: int | None = None,
        propagation: Propagation | None = None,
        dry_run: bool = False,
    ) -> Stored | None:
        """Removes the object (None), or marks it and returns it: it has finalizers, a grace period, content.

        Raises NotFound; Conflict when a precondition does not hold; Forbidden for the system's namespaces. Without a
        `propagation` the object's own finalizers say what becomes of its dependents.
        """
        request = deletion.Request(uid, resource_version, grace_period_s, propagation)
        before = self._present(kind, key)
        deletion.check(kind, before, request)
        if dry_run:
            left = deletion.outcome(kind, before, request, self._clock())
            return stored(left, before.version) if left is not None else None
        result = self._delete(kind, before, request)
        await self._commits.acknowledged()
        return result

    # The newest state

    def _present(self, kind: Kind, key: Key) -> Stored:
        found = self._newest.get(kind, key)
        if found is None:
            raise refusals.not_found(kind, key.name)
        return found

    def _free_key(self, kind: Kind, obj: Object) -> Key:
        metadata = obj.get("metadata") or {}
        name = metadata.get("name")
        if not name and not metadata.get("generateName"):
            raise refusals.nameless(kind)
        for _ in range(_NAME_ATTEMPTS):
            key = versions.key_for(kind, obj, name or generated(metadata["generateName"]))
            if self._newest.get(kind, key) is None:
                return key
            if name:
                break
        raise refusals.already_exists(kind, key.name)

    def _check_home(self, kind: Kind, key: Key) -> None:
        if not kind.namespaced:
            return
        home = self._newest.get(NAMESPACE, Key("", key.namespace))
        if home is None:
            raise refusals.not_found(NAMESPACE, key.namespace)
        if is_being_deleted(home.object):
            raise refusals.terminating(kind, key)

    def _put(self, kind: Kind, before: Stored | None, new: dict[str, Any]) -> Stored:
        after = stored(new, self._last_version + 1)
        self._last_version += 1
        self._newest.put(kind, after)
        self._commits.append(Write(kind, Recorded(before, after)))
        return after

    def _remove(self, kind: Kind, before: Stored, last_state: Object) -> Stored:
        last = stored(last_state, self._last_version + 1)
        self._last_version += 1
        self._newest.remove(kind, before.key)
        self._commits.append(Write(kind, Recorded(before, last, removed=True)))
        return last

    def _replace(self, kind: Kind, before: Stored, new: dict[str, Any]) -> Stored:
        if new == before.object:
            return before
        if deletion.is_over(kind, new):
            return self._remove(kind, before, new)
        return self._put(kind, before, new)

    def _delete(self, kind: Kind, before: Stored, request: deletion.Request) -> Stored | None:
        left = deletion.outcome(kind, before, request, self._clock())
        if left is None:
            self._remove(kind, before, before.object)
            return None
        return self._replace(kind, before, left)

    async def _acknowledged(self, result: Stored) -> Stored:
        """Also for a write that changed nothing: what it found equal may not be on disk yet."""
        await self._commits.acknowledged()
        return result

    # Following writes

    def _publish(self, write: Write) -> None:
        recorded = write.recorded
        if recorded.removed:
            self._visible.remove(write.kind, recorded.stored.key)
        else:
            self._visible.put(write.kind, recorded.stored)
        self._published_version = recorded.version
        self._history(write.kind).append(recorded)
        affected = garbage.affected_by(
            self._newest, write.kind, recorded.before, recorded.stored, removed=recorded.removed
        )
        self._todo.extend(definitions.affected_by(self._newest, write.kind, recorded.stored, removed=recorded.removed))
        if write.kind == CUSTOM_RESOURCE_DEFINITION:
            self.definitions_version = recorded.version
        if write.kind == NAMESPACE and self._namespace_grace_s and recorded.is_marked:
            self._in_grace.add(recorded.stored.uid)
            asyncio.get_running_loop().call_later(self._namespace_grace_s, self._end_grace, recorded.stored)
        self._todo.extend(affected)

    def _end_grace(self, namespace: Stored) -> None:
        self._in_grace.discard(namespace.uid)
        self._todo.extend((*self._newest.content(namespace.key.name), Place(NAMESPACE, namespace.key)))
        self._commits.begin()

    def _settle(self) -> None:
        """Takes some of the steps that follow from what was published; their publication brings the next ones."""
        steps = 0
        while self._todo and steps < _STEPS_AT_ONCE:
            place = self._todo.popleft()
            step = garbage.next_step(self._newest, place, self._clock(), self._in_grace)
            step = step or definitions.next_step(self._newest, place, self._clock())
            if step is None:
                continue
            steps += 1
            before = self._present(*place)
            if isinstance(step, garbage.Delete):
                self._delete(place.kind, before, deletion.Request(propagation=step.propagation))
            else:
                self._replace(place.kind, before, step.object)

    def _history(self, kind: Kind) -> History:
        history = self._histories.get(kind.qualified_plural)
        if history is None:
            limit = self._history_limit if kind.journaled else max(1, self._history_limit // 10)
            history = self._histories[kind.qualified_plural] = History(self._floor, limit)
        return history

    # Recovery

    def _recover(self, journal: Journal) -> int:
        rows, ceiling = journal.read()
        kinds = {**_custom_kinds(journal, rows), **{kind.qualified_plural: kind for kind in BUILTIN}}
        newest = ceiling
        for row in rows:
            newest = max(newest, row.version)
            if row.resource in kinds and row.data is not None:
                self._visible.put(kinds[row.resource], _read(journal, row.data, row))
        return newest

    def _resume(self) -> None:
        """Ends the cascades that the last life of this store had begun."""
        self._todo.extend(Place(kind, each.key) for kind, each in self._visible)
        while self._todo:
            self._settle()
            self._commits.flush()

    def _forget_unpublished(self) -> None:
        """The disk refused: the newest state is again what readers see. Steps of a cascade may be among the lost."""
        self._newest = IndexedObjects(self._visible)
        self._todo.extend(Place(kind, each.key) for kind, each in self._visible)


def _custom_kinds(journal: Journal, rows: Iterable[Row]) -> Mapping[str, Kind]:
    """The kinds of the CustomResourceDefinitions among the rows, by their qualified plurals."""
    ours = [row for row in rows if row.resource == CUSTOM_RESOURCE_DEFINITION.qualified_plural]
    found = [_read(journal, row.data, row) for row in ours if row.data is not None]
    return {each.key.name: definition.read(each.object).kind for each in found}


def _read(journal: Journal, data: bytes, row: Row) -> Stored:
    try:
        return recovered(data, row.version)
    except (ValueError, KeyError, TypeError) as error:
        what = f"{row.resource} {Key(row.namespace, row.name)}: {error}"
        raise JournalError(corrupt(journal.path, what)) from error


def _filter(namespace: str | None, selector: LabelSelector | None, fields: Fields) -> Callable[[Stored], bool]:
    chosen = _field_selector(fields)

    def matches(stored: Stored) -> bool:
        return (
            (not namespace or stored.key.namespace == namespace)
            and (selector is None or selector.matches(stored.labels))
            and (not chosen.requirements or chosen.matches(stored.object))
        )

    return matches


def _field_selector(fields: Fields) -> FieldSelector:
    if isinstance(fields, str):
        return field_selectors.from_query(fields)
    return field_selectors.from_mapping(fields or {})
