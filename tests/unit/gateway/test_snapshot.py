"""The snapshot: which Secrets are ever looked at."""

from typing import Any

from gatelab.gateway.snapshot import snapshot_of
from gatelab.kinds.builtin import GATEWAY, REFERENCE_GRANT, SECRET
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gateway_objects import gateway, secret


def test_only_secrets_that_a_listener_names_and_may_name_are_read() -> None:
    references = [{"name": "mine"}, {"name": "granted", "namespace": "other"}, {"name": "not", "namespace": "other"}]
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
        SECRET: [secret("mine"), secret("unrelated"), *elsewhere],
        REFERENCE_GRANT: [grant],
    }
    found = snapshot_of(lambda kind: objects.get(kind, ()))
    assert set(found.secrets) == {Key("default", "mine"), Key("other", "granted")}
