"""Paths, and tricks with them."""

import pytest

from gatelab.apiserver.registry import Registry
from gatelab.apiserver.target import Target
from gatelab.apiserver.target import parsed as parsed_for
from gatelab.kinds.builtin import DEPLOYMENT, GATEWAY, NAMESPACE, NODE_METRICS, POD
from gatelab.kinds.errors import NotFound
from gatelab.store import Store


def parsed(path: bytes) -> Target:
    return parsed_for(path, Registry(Store()).served)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", (POD, "v1", "", "", "")),
        ("/api/v1/namespaces/a/pods", (POD, "v1", "a", "", "")),
        ("/api/v1/namespaces/a/pods/b", (POD, "v1", "a", "b", "")),
        ("/api/v1/namespaces/a/pods/b/log", (POD, "v1", "a", "b", "log")),
        ("/api/v1/namespaces", (NAMESPACE, "v1", "", "", "")),
        ("/api/v1/namespaces/a", (NAMESPACE, "v1", "", "a", "")),
        ("/api/v1/namespaces/a/status", (NAMESPACE, "v1", "", "a", "status")),
        ("/apis/apps/v1/namespaces/a/deployments/b/scale", (DEPLOYMENT, "v1", "a", "b", "scale")),
        ("/apis/gateway.networking.k8s.io/v1beta1/namespaces/a/gateways/b", (GATEWAY, "v1beta1", "a", "b", "")),
        ("/apis/metrics.k8s.io/v1beta1/nodes/n", (NODE_METRICS, "v1beta1", "", "n", "")),
        ("/api/v1/namespaces/a/pods/b/", (POD, "v1", "a", "b", "")),
    ],
)
def test_paths_name_kinds(path: str, expected: tuple[object, ...]) -> None:
    target = parsed(path.encode())
    assert (target.kind, target.version, target.namespace, target.name, target.subresource) == expected


def test_what_follows_proxy_is_left_as_it_is() -> None:
    target = parsed(b"/api/v1/namespaces/a/pods/b:8080/proxy/stats/prometheus%2Fx")
    assert (target.name, target.subresource, target.rest) == ("b:8080", "proxy", "stats/prometheus%2Fx")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v2/pods",
        "/apis/apps/v1beta1/deployments",
        "/api/v1/pods/b",
        "/api/v1/namespaces/a/nodes",
        "/api/v1/namespaces/a/pods/b/binding",
        "/api/v1/namespaces/a/secrets/b/status",
        "/api/v1/namespaces/a/pods/b/log/more",
        "/api/v1/namespaces/a/pods/b%2Flog",
        "/api/v1/namespaces/../pods",
        "/api/v1/namespaces/%2e%2e/pods",
        "/api/v1//pods",
        "//api/v1/pods",
        "/api/v1/namespaces/a/pods/b%00",
        "/api/v1/namespaces/a/pods/b%0a",
        "/API/v1/pods",
    ],
)
def test_other_paths_are_not_there(path: str) -> None:
    with pytest.raises(NotFound):
        parsed(path.encode())
