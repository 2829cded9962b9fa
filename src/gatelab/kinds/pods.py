"""Pods as typed views: what the workload and Service controllers and the node agent read of them (core/v1 PodSpec).

Defaults here are those that the API server writes into a Pod, so that an object without defaulting reads the same.
"""

import msgspec

from gatelab.kinds.views import ObjectView, View
from gatelab.kinds.volumes import FieldRef, ResourceFieldRef, Volume


class ExecAction(View, frozen=True):
    command: tuple[str, ...] = ()


class HttpHeader(View, frozen=True):
    name: str
    value: str = ""


class HttpGetAction(View, frozen=True):
    """`port` is a number or the name of a container port."""

    port: int | str
    path: str = "/"
    host: str = ""
    scheme: str = "HTTP"
    http_headers: tuple[HttpHeader, ...] = ()


class TcpSocketAction(View, frozen=True):
    port: int | str
    host: str = ""


class GrpcAction(View, frozen=True):
    """`grpc.health.v1.Health/Check` of `service` ("" is the server as a whole)."""

    port: int
    service: str = ""


class Probe(View, frozen=True):
    """One of `exec`, `http_get`, `tcp_socket`, `grpc` is there. Times in seconds."""

    exec: ExecAction | None = None
    http_get: HttpGetAction | None = None
    tcp_socket: TcpSocketAction | None = None
    grpc: GrpcAction | None = None
    initial_delay_seconds: int = 0
    timeout_seconds: int = 1
    period_seconds: int = 10
    success_threshold: int = 1
    failure_threshold: int = 3
    termination_grace_period_seconds: int | None = None


class SleepAction(View, frozen=True):
    seconds: int = 0


class LifecycleHandler(View, frozen=True):
    exec: ExecAction | None = None
    http_get: HttpGetAction | None = None
    tcp_socket: TcpSocketAction | None = None
    sleep: SleepAction | None = None


class Lifecycle(View, frozen=True):
    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str = "SIGTERM"


class KeyRef(View, frozen=True):
    """`configMapKeyRef` or `secretKeyRef`."""

    key: str
    name: str = ""
    optional: bool = False


class EnvVarSource(View, frozen=True):
    field_ref: FieldRef | None = None
    resource_field_ref: ResourceFieldRef | None = None
    config_map_key_ref: KeyRef | None = None
    secret_key_ref: KeyRef | None = None


class EnvVar(View, frozen=True):
    name: str
    value: str = ""
    value_from: EnvVarSource | None = None


class EnvFromRef(View, frozen=True):
    name: str = ""
    optional: bool = False


class EnvFrom(View, frozen=True):
    prefix: str = ""
    config_map_ref: EnvFromRef | None = None
    secret_ref: EnvFromRef | None = None


class ContainerPort(View, frozen=True):
    container_port: int
    name: str = ""
    protocol: str = "TCP"


class Resources(View, frozen=True):
    """Quantities as written (`100m`, `64Mi`); see `kinds.quantity`."""

    limits: dict[str, str | int | float] = {}
    requests: dict[str, str | int | float] = {}


class VolumeMount(View, frozen=True):
    name: str
    mount_path: str
    sub_path: str = ""
    sub_path_expr: str = ""
    read_only: bool = False


class RestartOnExitCodes(View, frozen=True):
    """`operator` is In or NotIn."""

    operator: str = "In"
    values: tuple[int, ...] = ()


class RestartRule(View, frozen=True):
    """What is done, whatever the policy, after an exit with such a code (KEP-5307)."""

    action: str
    exit_codes: RestartOnExitCodes | None = None

    def matches(self, exit_code: int) -> bool:
        """Whether the rule is about that end."""
        codes = self.exit_codes
        return codes is not None and (exit_code in codes.values) == (codes.operator == "In")


class Container(View, frozen=True):
    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFrom, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    resources: Resources = Resources()
    volume_mounts: tuple[VolumeMount, ...] = ()
    lifecycle: Lifecycle | None = None
    startup_probe: Probe | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    restart_policy: str | None = None
    """In place of the pod's; "Always" makes an init container a sidecar."""
    restart_policy_rules: tuple[RestartRule, ...] = ()
    termination_message_path: str = "/dev/termination-log"
    termination_message_policy: str = "File"


class HostAlias(View, frozen=True):
    ip: str
    hostnames: tuple[str, ...] = ()


class PodSpec(View, frozen=True):
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    node_name: str = ""
    restart_policy: str = "Always"
    termination_grace_period_seconds: int = 30
    service_account_name: str = ""
    hostname: str = ""
    subdomain: str = ""
    host_network: bool = False
    host_aliases: tuple[HostAlias, ...] = ()
    active_deadline_seconds: int | None = None


class PodCondition(View, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int | None = None


class ContainerStatus(View, frozen=True):
    name: str
    restart_count: int = 0


class PodStatus(View, frozen=True):
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    host_ip: str = msgspec.field(name="hostIP", default="")
    start_time: str | None = None
    conditions: tuple[PodCondition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(ObjectView, frozen=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def condition(self, type_: str) -> PodCondition | None:
        """The condition of that type, if it is there."""
        return next((each for each in self.status.conditions if each.type == type_), None)

    @property
    def is_ready(self) -> bool:
        """Whether the kubelet says Ready. A pod that is being deleted may still be: endpoints look at both."""
        found = self.condition("Ready")
        return found is not None and found.status == "True"

    @property
    def is_terminating(self) -> bool:
        return self.metadata.deletion_timestamp is not None

    @property
    def is_finished(self) -> bool:
        """Succeeded or Failed: its containers are not started again."""
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def is_active(self) -> bool:
        """Counts as a replica: neither finished nor being deleted."""
        return not self.is_finished and not self.is_terminating
