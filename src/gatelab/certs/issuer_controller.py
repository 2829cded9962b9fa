"""Issuers and ClusterIssuers: their Ready condition. They keep no state; Certificates look at the same facts."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from gatelab.certs.authority import authority_of
from gatelab.certs.problem import Problem
from gatelab.certs.references import BY_CA_SECRET, secret_of_issuer
from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import SECRET
from gatelab.kinds.conditions import merged
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.reconcile import Mirrors, Watches, write_status


class IssuerController:
    """Keeps the status of one of the two kinds. A change of a CA's Secret is a change of its issuers."""

    def __init__(self, cluster: Cluster, kind: Kind, clock: Callable[[], datetime]) -> None:
        self.name = kind.plural
        self._cluster = cluster
        self._kind = kind
        self._clock = clock
        self._mirrors = Mirrors(())

    def watches(self) -> Sequence[Watches]:
        return (Watches(self._kind), Watches(SECRET, self._issuers_of))

    async def start(self, mirrors: Mirrors) -> None:
        self._mirrors = mirrors
        mirrors.of(self._kind).add_index(BY_CA_SECRET, secret_of_issuer)

    async def reconcile(self, key: Key) -> float | None:
        issuer = self._mirrors.of(self._kind).get(key)
        if issuer is None:
            return None
        present = issuer.get("status") or {}
        conditions = merged(present.get("conditions") or (), [self._ready(issuer)], now=to_rfc3339(self._clock()))
        await write_status(self._cluster, self._kind, issuer, {**present, "conditions": conditions})
        return None

    def _ready(self, issuer: Object) -> dict[str, object]:
        try:
            authority = authority_of(issuer, self._mirrors.of(SECRET).get)
        except Problem as problem:
            status, reason, message = "False", problem.reason, problem.message
        else:
            verified = ("KeyPairVerified", "Signing CA verified")
            status, reason, message = ("True", *(("IsReady", "") if authority is None else verified))
        generation = issuer["metadata"].get("generation", 0)
        ready = {"type": "Ready", "status": status, "reason": reason, "observedGeneration": generation}
        return {**ready, "message": message} if message else ready

    def _issuers_of(self, secret: Object) -> Iterable[Key]:
        issuers = self._mirrors.of(self._kind).by_index(BY_CA_SECRET, str(key_of(secret)))
        return [key_of(each) for each in issuers]
