"""ListenerSet: listeners that others add to a Gateway (GEP-1713)."""

from gatelab.kinds.gatewayapi.listeners import Listener
from gatelab.kinds.gatewayapi.references import GROUP
from gatelab.kinds.views import ObjectView, View


class ParentGatewayReference(View, frozen=True):
    name: str = ""
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str | None = None


class ListenerSetSpec(View, frozen=True):
    parent_ref: ParentGatewayReference = ParentGatewayReference()
    listeners: tuple[Listener, ...] = ()


class ListenerSet(ObjectView, frozen=True):
    spec: ListenerSetSpec = ListenerSetSpec()
