"""Objects as users write them, for tests of the API."""

from typing import Any

Json = dict[str, Any]


def deployment(name: str = "hello", **spec: Any) -> Json:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container()]}},
            **spec,
        },
    }


def container(**fields: Any) -> Json:
    return {"name": "hello", "image": "hello:1", "ports": [{"name": "grpc", "containerPort": 8080}], **fields}


def pod(name: str = "p", **spec: Any) -> Json:
    return {"metadata": {"name": name}, "spec": {"containers": [container()], **spec}}


def service(name: str = "hello", **spec: Any) -> Json:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "selector": {"app": name}, **spec}}


def gateway(name: str = "gw", **listener: Any) -> Json:
    listeners = [{"name": "http", "port": 80, "protocol": "HTTP", **listener}]
    return {"metadata": {"name": name}, "spec": {"gatewayClassName": "gatelab", "listeners": listeners}}


def grpc_route(name: str = "route", *rules: Json) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"parentRefs": [{"name": "gw"}], "rules": list(rules) or [{"backendRefs": [backend()]}]},
    }


def backend(**fields: Any) -> Json:
    return {"name": "hello", "port": 8080, **fields}
