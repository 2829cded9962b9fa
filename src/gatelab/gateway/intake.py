"""What the cluster's changes wake: a controller of the runtime that only sets events."""

import asyncio
from collections.abc import Iterable, Sequence

from gatelab.gateway.snapshot import ROUTES
from gatelab.kinds.builtin import (
    BACKEND_TLS_POLICY,
    CONFIG_MAP,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    GATEWAY,
    GATEWAY_CLASS,
    LISTENER_SET,
    NAMESPACE,
    REFERENCE_GRANT,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
)
from gatelab.kinds.objects import Key, Object, controller_of
from gatelab.reconcile import Mirrors, Watches

LOOKED_AT = (
    GATEWAY_CLASS,
    GATEWAY,
    LISTENER_SET,
    *ROUTES,
    BACKEND_TLS_POLICY,
    REFERENCE_GRANT,
    SERVICE,
    SECRET,
    CONFIG_MAP,
    NAMESPACE,
)
"""The kinds that a translation follows from."""

_TRANSLATE = Key("", "translate")
_ENDPOINTS = Key("", "endpoints")
_PROVISION = Key("", "provision")


class Intake:
    """Sorts changes: `translate` for what a translation looks at, `endpoints` for EndpointSlices, `provision` for the
    objects of data planes. `mirrors` is there once `started` is set.
    """

    name = "gateway"

    def __init__(self) -> None:
        self.translate = asyncio.Event()
        self.endpoints = asyncio.Event()
        self.provision = asyncio.Event()
        self.started = asyncio.Event()
        self.mirrors = Mirrors(())

    def watches(self) -> Sequence[Watches]:
        """Of Secrets and ConfigMaps all are watched, and only those that something names are ever read."""
        return (
            *(Watches(kind, lambda _: (_TRANSLATE,)) for kind in LOOKED_AT),
            Watches(ENDPOINT_SLICE, lambda _: (_ENDPOINTS,)),
            *(Watches(kind, _of_data_plane) for kind in (SERVICE, SERVICE_ACCOUNT, DEPLOYMENT)),
        )

    async def start(self, mirrors: Mirrors) -> None:
        """Every mirror is synced: from here on there is a state to look at."""
        self.mirrors = mirrors
        self.started.set()
        self.translate.set()

    async def reconcile(self, key: Key) -> float | None:
        """Wakes whoever works on that."""
        {_TRANSLATE: self.translate, _ENDPOINTS: self.endpoints, _PROVISION: self.provision}[key].set()
        return None


def _of_data_plane(obj: Object) -> Iterable[Key]:
    owner = controller_of(obj)
    return (_PROVISION,) if owner is not None and owner.get("kind") == GATEWAY.name else ()
