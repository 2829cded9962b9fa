"""ReferenceGrant."""

import msgspec

from gatelab.kinds.views import ObjectView, View


class GrantFrom(View, frozen=True):
    kind: str
    namespace: str
    group: str = ""


class GrantTo(View, frozen=True):
    kind: str
    group: str = ""
    name: str = ""
    """"" is every object of the kind."""


class ReferenceGrantSpec(View, frozen=True):
    from_: tuple[GrantFrom, ...] = msgspec.field(name="from", default=())
    to: tuple[GrantTo, ...] = ()


class ReferenceGrant(ObjectView, frozen=True):
    spec: ReferenceGrantSpec = ReferenceGrantSpec()
