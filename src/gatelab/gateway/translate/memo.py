"""What is kept from one translation to the next, so that work grows with what has changed.

An object that has not changed is the same one (`live_snapshot`), so all questions are asked by identity. What is kept
is only what the rules themselves have said: a translation with an empty memo is the specification of all others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gatelab.gateway.snapshot import RouteId, Snapshot
from gatelab.gateway.snapshot.reference_grant import Grants
from gatelab.gateway.translate.listener_sets import Claim
from gatelab.gateway.translate.outcome import ParentOutcome
from gatelab.gateway.translate.parents import Merged, Parents
from gatelab.gateway.translate.policy_ancestors import UsersMemo
from gatelab.gateway.translate.proxy_config import Makers
from gatelab.gateway.translate.route_memo import RouteMemo
from gatelab.gateway.translate.route_tables import HostScope, TableMemo
from gatelab.gateway.translate.routes import Place
from gatelab.gateway.translate.targets import Attached, BackendsMemo
from gatelab.kinds.core import ConfigMap, Secret
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap
from gatelab.proxy.model import RouteTable


@dataclass(frozen=True, slots=True)
class _Judged:
    """A Gateway with its sets, and all that it follows from."""

    merged: Merged
    claims: tuple[Claim, ...]
    secrets: Mapping[Key, Secret]
    config_maps: Mapping[Key, ConfigMap]
    grants: Grants

    def is_current(self, gateway: Gateway, controller_name: str, claims: tuple[Claim, ...], snapshot: Snapshot) -> bool:
        return (
            self.merged.gateway is gateway
            and self.merged.controller_name == controller_name
            and self.secrets is snapshot.secrets
            and self.config_maps is snapshot.config_maps
            and self.grants is snapshot.grants
            and len(self.claims) == len(claims)
            and all(before.is_same(now) for before, now in zip(self.claims, claims, strict=True))
        )


@dataclass(slots=True)
class _State:
    gateways: dict[Key, _Judged] = field(default_factory=dict)
    tables: dict[tuple[Key, str], TableMemo] = field(default_factory=dict)
    backends: dict[Key, BackendsMemo] = field(default_factory=dict)


class Memo:
    """For translations that are made one after the other. What the last one did not ask for is forgotten by the next;
    after one that raised everything is.
    """

    def __init__(self) -> None:
        self._routes = RouteMemo()
        self.users = UsersMemo()
        """For `policy_ancestors`."""
        self._before = _State()
        self._now: _State | None = None

    def begin(self) -> None:
        """Before a translation."""
        if self._now is not None:
            self._routes, self.users, self._before = RouteMemo(), UsersMemo(), _State()
        self._now = _State()

    def end(self) -> None:
        """After one that did not raise."""
        self._before, self._now = self._now or _State(), None

    def merged(
        self,
        gateway: Gateway,
        controller_name: str,
        claims: tuple[Claim, ...],
        snapshot: Snapshot,
        judge: Callable[[], Merged],
    ) -> Merged:
        """As `judge`, which is asked when anything has changed."""
        key = gateway.metadata.key
        judged = self._before.gateways.get(key)
        if judged is None or not judged.is_current(gateway, controller_name, claims, snapshot):
            judged = _Judged(judge(), claims, snapshot.secrets, snapshot.config_maps, snapshot.grants)
        self._state.gateways[key] = judged
        return judged.merged

    def judged(self, snapshot: Snapshot, parents: Parents) -> PersistentMap[RouteId, tuple[ParentOutcome, ...]]:
        """As `RouteMemo.judged`."""
        return self._routes.judged(snapshot, parents)

    def by_listener(self) -> Mapping[Place, Attached]:
        """As `RouteMemo.by_listener`."""
        return self._routes.by_listener()

    def makers(self, gateway: Key) -> Makers:
        """For the tables and the backends of a Gateway."""

        def table(name: str, scopes: Sequence[HostScope]) -> RouteTable:
            memo = self._before.tables.get((gateway, name)) or TableMemo()
            self._state.tables[gateway, name] = memo
            return memo.table(name, scopes)

        backends = self._state.backends[gateway] = self._before.backends.get(gateway) or BackendsMemo()
        return Makers(table, backends)

    @property
    def _state(self) -> _State:
        assert self._now is not None, "a translation has begun"
        return self._now
