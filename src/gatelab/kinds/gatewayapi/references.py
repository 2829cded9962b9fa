"""References between objects, and what routes of every kind say of their parents and backends."""

from gatelab.kinds.views import View

GROUP = "gateway.networking.k8s.io"


class ParametersReference(View, frozen=True):
    """`namespace` only where a GatewayClass refers; a Gateway's is its own."""

    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""


class SecretReference(View, frozen=True):
    group: str = ""
    kind: str = "Secret"
    name: str = ""
    namespace: str | None = None


class ObjectReference(View, frozen=True):
    """A reference that says its group and kind (BackendTLSPolicy and client certificates: ConfigMaps)."""

    name: str
    group: str = ""
    kind: str = ""
    namespace: str | None = None


class ParentReference(View, frozen=True):
    name: str
    group: str = GROUP
    kind: str = "Gateway"
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


class RouteGroupKind(View, frozen=True):
    kind: str
    group: str = GROUP
