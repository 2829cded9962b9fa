"""The snapshot: which Secrets and ConfigMaps are ever looked at."""

from typing import Any

from gatelab.gateway.snapshot import snapshot_of
from gatelab.kinds.builtin import BACKEND_TLS_POLICY, CONFIG_MAP, GATEWAY, GATEWAY_CLASS, REFERENCE_GRANT, SECRET
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gateway_objects import gateway, gateway_class, secret


def test_only_secrets_that_a_listener_names_and_may_name_are_read() -> None:
    references = [
        {"name": "mine"},
        {"name": "granted", "namespace": "other"},
        {"name": "not", "namespace": "other"},
        {"kind": "ConfigMap", "name": "no-secret-is-meant"},
    ]
    listener = {"name": "l", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": references}}
    elsewhere = [secret("granted"), secret("not")]
    for each in elsewhere:
        each["metadata"]["namespace"] = "other"
    grant = {
        "metadata": {"name": "g", "namespace": "other"},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "default"}],
            "to": [{"group": "", "kind": "Secret", "name": "granted"}],
        },
    }
    objects: dict[Kind, list[Any]] = {
        GATEWAY: [gateway(listeners=[listener])],
        SECRET: [secret("mine"), secret("unrelated"), secret("no-secret-is-meant"), *elsewhere],
        REFERENCE_GRANT: [grant],
    }
    found = snapshot_of(lambda kind: objects.get(kind, ()))
    assert set(found.secrets) == {Key("default", "mine"), Key("other", "granted")}


def test_only_config_maps_that_are_named_as_such_are_read() -> None:
    def named(name: str, kind: str = "ConfigMap") -> dict[str, str]:
        return {"group": "", "kind": kind, "name": name}

    def asked(*names: str) -> dict[str, Any]:
        references = [*map(named, names), {**named("not-granted"), "namespace": "other"}, named("a-secret", "Secret")]
        return {"validation": {"caCertificateRefs": references}}

    of_class = gateway_class()
    of_class["spec"]["parametersRef"] = {**named("of-class"), "namespace": "other"}
    policy = {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {
            "targetRefs": [named("s", "Service")],
            "validation": {"hostname": "a", **asked("backends")["validation"]},
        },
    }
    frontend = {"default": asked("clients"), "perPort": [{"port": 444, "tls": asked("of-port")}]}
    keys = ["backends", "clients", "of-port", "tuning", "unrelated", "a-secret"]
    maps = [{"metadata": {"name": name, "namespace": "default"}} for name in keys]
    maps += [{"metadata": {"name": name, "namespace": "other"}} for name in ("of-class", "not-granted", "tuning")]
    objects: dict[Kind, list[Any]] = {
        GATEWAY_CLASS: [of_class],
        GATEWAY: [gateway(tls={"frontend": frontend}, infrastructure={"parametersRef": named("tuning")})],
        BACKEND_TLS_POLICY: [policy],
        CONFIG_MAP: maps,
    }
    found = snapshot_of(lambda kind: objects.get(kind, ()))
    assert {str(key) for key in found.config_maps} == {
        "other/of-class",
        *(f"default/{name}" for name in ("backends", "clients", "of-port", "tuning")),
    }
