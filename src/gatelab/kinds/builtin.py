"""Every kind that the lab serves."""

from gatelab.kinds.kind import Kind
from gatelab.kinds.stored_only import STORED_ONLY

_CM = ("cert-manager",)
_GW = ("gateway-api",)

NAMESPACE = Kind("", "v1", "Namespace", "namespaces", namespaced=False, short_names=("ns",))
NODE = Kind("", "v1", "Node", "nodes", namespaced=False, short_names=("no",))
POD = Kind("", "v1", "Pod", "pods", short_names=("po",), categories=("all",))
SERVICE = Kind("", "v1", "Service", "services", short_names=("svc",), categories=("all",))
SECRET = Kind("", "v1", "Secret", "secrets", has_status=False)
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", short_names=("cm",), has_status=False)
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts", short_names=("sa",), has_status=False)
EVENT = Kind("", "v1", "Event", "events", short_names=("ev",), has_status=False)

DEPLOYMENT = Kind(
    "apps", "v1", "Deployment", "deployments", short_names=("deploy",), categories=("all",), has_scale=True
)
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets", short_names=("rs",), categories=("all",), has_scale=True)
STATEFUL_SET = Kind(
    "apps", "v1", "StatefulSet", "statefulsets", short_names=("sts",), categories=("all",), has_scale=True
)
DAEMON_SET = Kind("apps", "v1", "DaemonSet", "daemonsets", short_names=("ds",), categories=("all",))
CONTROLLER_REVISION = Kind("apps", "v1", "ControllerRevision", "controllerrevisions", has_status=False)

ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", has_status=False)

CUSTOM_RESOURCE_DEFINITION = Kind(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
)
VALIDATING_ADMISSION_POLICY = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    namespaced=False,
    categories=("api-extensions",),
)
VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    namespaced=False,
    categories=("api-extensions",),
    has_status=False,
)

LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases", has_status=False)

GATEWAY_CLASS = Kind(
    "gateway.networking.k8s.io",
    "v1",
    "GatewayClass",
    "gatewayclasses",
    namespaced=False,
    short_names=("gc",),
    categories=_GW,
    other_served=("v1beta1",),
)
GATEWAY = Kind(
    "gateway.networking.k8s.io",
    "v1",
    "Gateway",
    "gateways",
    short_names=("gtw",),
    categories=_GW,
    other_served=("v1beta1",),
)
GRPC_ROUTE = Kind("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes", categories=_GW)
HTTP_ROUTE = Kind(
    "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", categories=_GW, other_served=("v1beta1",)
)
REFERENCE_GRANT = Kind(
    "gateway.networking.k8s.io",
    "v1",
    "ReferenceGrant",
    "referencegrants",
    short_names=("refgrant",),
    categories=_GW,
    has_status=False,
    other_served=("v1beta1",),
)
LISTENER_SET = Kind(
    "gateway.networking.k8s.io", "v1", "ListenerSet", "listenersets", short_names=("lset",), categories=_GW
)
TLS_ROUTE = Kind(
    "gateway.networking.k8s.io",
    "v1",
    "TLSRoute",
    "tlsroutes",
    categories=_GW,
    other_served=("v1alpha2", "v1alpha3"),
)
TCP_ROUTE = Kind("gateway.networking.k8s.io", "v1", "TCPRoute", "tcproutes", categories=_GW, other_served=("v1alpha2",))
UDP_ROUTE = Kind("gateway.networking.k8s.io", "v1", "UDPRoute", "udproutes", categories=_GW, other_served=("v1alpha2",))
BACKEND_TLS_POLICY = Kind(
    "gateway.networking.k8s.io",
    "v1",
    "BackendTLSPolicy",
    "backendtlspolicies",
    short_names=("btlspolicy",),
    categories=_GW,
    other_served=("v1alpha3",),
)

CERTIFICATE = Kind(
    "cert-manager.io",
    "v1",
    "Certificate",
    "certificates",
    short_names=("cert", "certs"),
    categories=_CM,
    selectable=("spec.issuerRef.group", "spec.issuerRef.kind", "spec.issuerRef.name"),
)
ISSUER = Kind("cert-manager.io", "v1", "Issuer", "issuers", short_names=("iss",), categories=_CM)
CLUSTER_ISSUER = Kind(
    "cert-manager.io",
    "v1",
    "ClusterIssuer",
    "clusterissuers",
    namespaced=False,
    short_names=("ciss",),
    categories=_CM,
)

POD_METRICS = Kind("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", has_status=False, journaled=False)
NODE_METRICS = Kind(
    "metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", namespaced=False, has_status=False, journaled=False
)

BUILTIN: tuple[Kind, ...] = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    SECRET,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    EVENT,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    CONTROLLER_REVISION,
    ENDPOINT_SLICE,
    CUSTOM_RESOURCE_DEFINITION,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    GATEWAY_CLASS,
    GATEWAY,
    LISTENER_SET,
    GRPC_ROUTE,
    HTTP_ROUTE,
    TLS_ROUTE,
    TCP_ROUTE,
    UDP_ROUTE,
    REFERENCE_GRANT,
    BACKEND_TLS_POLICY,
    CERTIFICATE,
    ISSUER,
    CLUSTER_ISSUER,
    POD_METRICS,
    NODE_METRICS,
    LEASE,
    *STORED_ONLY,
)
