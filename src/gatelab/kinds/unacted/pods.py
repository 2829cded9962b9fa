"""Pods, and the templates of what makes pods."""

from gatelab.kinds.unacted.fields import Field

_ONE_NODE = "the lab has one node, and every pod runs there"
_PROCESS = "containers are processes of the user who started the lab"
_PRIORITY = "pods are not preempted"

_SPEC = (
    Field("affinity.podAffinity", (), _ONE_NODE),
    Field("affinity.podAntiAffinity", (), _ONE_NODE),
    Field("topologySpreadConstraints", (), _ONE_NODE),
    Field("securityContext", (), _PROCESS),
    Field("hostPID", (), "pods see the processes of this machine anyway"),
    Field("hostIPC", (), _PROCESS),
    Field("hostUsers", (True,), _PROCESS),
    Field("shareProcessNamespace", (), "pods see the processes of this machine anyway"),
    Field("runtimeClassName", (), _PROCESS),
    Field("priorityClassName", (), _PRIORITY),
    Field("priority", (), _PRIORITY),
    Field("schedulingGates", (), "pods are bound at once"),
    Field("resourceClaims"),
    Field("resources", (), "nothing is limited or reserved"),
    Field("overhead"),
    Field("imagePullSecrets", (), "images are programs of this machine, and nothing is pulled"),
    Field("dnsPolicy", ("ClusterFirst",), "see `gatelab dns` for the names of the lab"),
    Field("dnsConfig", (), "see `gatelab dns` for the names of the lab"),
    Field("setHostnameAsFQDN"),
    Field("hostnameOverride"),
)
_CONTAINER = (
    Field("resources", (), "nothing is limited or reserved"),
    Field("securityContext", (), _PROCESS),
    Field("volumeDevices", (), "there are no block devices"),
    Field("resizePolicy"),
    Field("stdin", (), "containers read nothing from a terminal"),
    Field("tty", (), "containers have no terminal"),
)


def _of_spec(prefix: str) -> tuple[Field, ...]:
    containers = [field.under(f"{name}[]") for name in ("initContainers", "containers") for field in _CONTAINER]
    return tuple(field.under(prefix) for field in (*_SPEC, *containers))


POD = _of_spec("spec")
POD_TEMPLATE = _of_spec("spec.template.spec")
STATEFUL_SET = (
    *POD_TEMPLATE,
    Field("spec.volumeClaimTemplates", (), "there is no storage: pods get an emptyDir in the place of each claim"),
)
