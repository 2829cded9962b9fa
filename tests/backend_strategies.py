"""Generated objects behind routes and beside Gateways: Services, EndpointSlices, parameters and their classes."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from gatelab.gateway.translate.gateway_class import GATELAB
from gatelab.kinds.objects import Object
from gateway_strategies import namespaces, optional, required
from golden_cases import completed

service_names = st.sampled_from(["a", "b", "nobody"])
port_names = st.sampled_from(["grpc", "metrics"])
protocols = st.sampled_from(["TCP", "TCP", "UDP"])
service_ports = st.builds(
    lambda port, fields: {**port, **fields},
    required(name=port_names, port=st.sampled_from([8080, 1]), protocol=protocols),
    optional(appProtocol=st.sampled_from(["http", "https", "kubernetes.io/h2c", "kubernetes.io/ws", "x.org/mine"])),
)
services = st.builds(
    lambda name, namespace, ports, fields: completed(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": ports, **fields},
        }
    ),
    service_names,
    namespaces,
    st.lists(service_ports, max_size=2, unique_by=(lambda each: each["name"], lambda each: each["port"])),
    optional(type=st.sampled_from(["ClusterIP", "ExternalName"]), clusterIP=st.just("None")),
)
addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"])
slice_ports = st.builds(
    lambda fields, port: {**fields, "port": port},
    required(name=port_names, protocol=protocols),
    st.sampled_from([3000, 3001]) | st.none(),
)


def slices_of(services: st.SearchStrategy[str], *, least: int = 0) -> st.SearchStrategy[Object]:
    """EndpointSlices of these Services, each with so many ports and endpoints at least."""
    conditions: st.SearchStrategy[dict[str, bool]] = st.just({}) | optional(
        ready=st.booleans(), serving=st.booleans(), terminating=st.booleans()
    )
    endpoints = required(addresses=st.lists(addresses, min_size=least, max_size=2), conditions=conditions)
    return st.builds(
        lambda name, namespace, service, kind, ports, endpoints: completed(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": service}},
                "addressType": kind,
                "ports": ports,
                "endpoints": endpoints,
            }
        ),
        st.sampled_from(["s1", "s2", "s3"]),
        st.sampled_from(["default", "default", "other"]),
        services,
        st.sampled_from(["IPv4", "IPv4", "FQDN"]),
        st.lists(slice_ports, min_size=least, max_size=2),
        st.lists(endpoints, min_size=least, max_size=3),
    )


slices = slices_of(service_names)
good_parameters = optional(
    workers=st.sampled_from(["1", "4"]),
    replicas=st.sampled_from(["1", "2"]),
    accessLog=st.sampled_from(["off", "json"]),
    **{
        "limits.cpu": st.sampled_from(["1", "500m"]),
        "circuitBreakers.maxRequests": st.sampled_from(["1", "100"]),
        "grpcRetry.attempts": st.sampled_from(["1", "3"]),
        "grpcRetry.codes": st.sampled_from(["unavailable", "internal,cancelled"]),
        "loadBalancing.policy": st.sampled_from(["random", "least_request"]),
        "outlierDetection.consecutiveErrors": st.sampled_from(["1", "5"]),
    },
).map(lambda data: {"grpcRetry.attempts": "2", **data} if "grpcRetry.codes" in data else data)
"""That agree with each other, whichever come together."""
bad_parameters = st.sampled_from(
    [{"workers": "0"}, {"wrokers": "1"}, {"loadBalancing.policy": "maglev"}, {"grpcRetry.codes": "maybe"}, {"": ""}]
)


def tuning(name: str, namespace: str, data: Mapping[str, str]) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return completed({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)})


def reference(name: str, namespace: str = "") -> dict[str, Any]:
    """A `parametersRef`: of a class with the namespace, of a Gateway without."""
    found = {"group": "", "kind": "ConfigMap", "name": name}
    return {"parametersRef": {**found, "namespace": namespace} if namespace else found}


def gateway_class(spec: Mapping[str, Any]) -> Object:
    """The one that every generated Gateway is of."""
    return completed(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": "gatelab"},
            "spec": {"controllerName": GATELAB, **spec},
        }
    )


tunings = st.builds(tuning, st.sampled_from(["tuning", "other"]), namespaces, good_parameters | bad_parameters)
classes = st.sampled_from(["tuning", "nobody"]).map(lambda name: gateway_class(reference(name, "default")))
