"""Typed views of discovery.k8s.io/v1: EndpointSlice."""

from gatelab.kinds.views import ObjectView, View

SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which a slice belongs to a Service of its namespace, whoever wrote the slice."""
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
"""The label by which a controller knows the slices that it owns."""


class EndpointConditions(View, frozen=True):
    """Three-valued: absent `ready` reads as true, absent `serving` as `ready`, absent `terminating` as false."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class ObjectReference(View, frozen=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Endpoint(View, frozen=True):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hostname: str | None = None
    target_ref: ObjectReference | None = None
    node_name: str | None = None
    zone: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.conditions.ready is not False

    @property
    def is_serving(self) -> bool:
        """Whether it answers, even if it is being stopped."""
        serving = self.conditions.serving
        return self.is_ready if serving is None else serving

    @property
    def is_terminating(self) -> bool:
        return self.conditions.terminating is True


class EndpointPort(View, frozen=True):
    """`name` is the Service port's name. Absent `port` means every port."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


class EndpointSlice(ObjectView, frozen=True):
    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service_name(self) -> str:
        """The Service it belongs to, "" if none."""
        return self.metadata.labels.get(SERVICE_NAME, "")
