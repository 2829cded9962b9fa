"""How far the Envoys of a proxy have come: from the state of sessions to an `Acceptance`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from gatelab.proxy.model import Acceptance, ResourceType
from gatelab.proxy.resources import RESOURCE_TYPES, EncodedResource, table_of
from gatelab.proxy.xds.session import Session
from gatelab.proxy.xds.snapshot import Snapshot


def acceptance_of(snapshot: Snapshot | None, sessions: Iterable[Session]) -> Acceptance:
    """What all of these Envoys together have accepted of a snapshot; without an Envoy everything is pending.

    A table whose hosts are resources of their own is as far as all of them are.
    """
    connected = list(sessions)
    if snapshot is None:
        return Acceptance(connected=bool(connected))
    pending: dict[ResourceType, set[str]] = defaultdict(set)
    rejected: dict[ResourceType, dict[str, str]] = defaultdict(dict)
    for session in connected:
        for type_, name, refusal in _unaccepted(snapshot, session):
            if refusal is None:
                pending[type_].add(name)
            else:
                rejected[type_][name] = refusal
    if not connected:
        for type_url, type_ in RESOURCE_TYPES.items():
            pending[type_].update(snapshot.of(type_url), snapshot.parents.get(type_url, ()))
    pending["route_table"].update(map(table_of, pending["host"]))
    for name, words in rejected.get("host", {}).items():
        rejected["route_table"].setdefault(table_of(name), words)
    return Acceptance(
        connected=bool(connected),
        pending={type_: frozenset(names) for type_, names in pending.items() if names},
        rejected=dict(rejected),
    )


def _unaccepted(snapshot: Snapshot, session: Session) -> Iterator[tuple[ResourceType, str, str | None]]:
    """Each resource that this Envoy has not accepted, with its words when it refused."""
    for type_url, type_ in RESOURCE_TYPES.items():
        subscription, desired = session.subscriptions[type_url], snapshot.of(type_url)
        subscription.follow(desired)
        parents, behind = snapshot.parents_of(type_url), subscription.behind()
        if not subscription.wildcard:
            behind = {name for name in behind if name in parents} | snapshot.missing.get(type_url, frozenset())
        for name in behind:
            resource = desired.get(name)
            if resource is not None and (rejection := subscription.rejection(resource)) is not None:
                yield type_, name, rejection.message
            elif resource is not None and subscription.runs(resource) and name not in subscription.again:
                continue
            elif subscription.wildcard or name in subscription.names or _is_awaited(parents[name].values(), session):
                yield type_, name, None


def _is_awaited(parents: Iterable[EncodedResource], session: Session) -> bool:
    """Whether one that names it may still make Envoy ask for it: a rejected one will not."""
    return any(session.subscriptions[parent.type_url].rejection(parent) is None for parent in parents)
