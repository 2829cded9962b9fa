"""Kubernetes' protobuf."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.apiserver.protobuf import decode
from gatelab.apiserver.protobuf.wire import fields
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.errors import ApiError, BadRequest, UnsupportedMedia
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas.catalogue import is_native, kubernetes

TRUNCATED = b"k8s\x00\n\x15\n\x07apps/v1\x12\nDeployment\x12\x9b\x01\n\x1b\n\x01x"

NEWER = {"core_v1.NodeSystemInfo.runningInUserNamespace"}
"""Fields that the schemas have and the Go types that we read the numbers from have not yet. Nobody sends them."""


NATIVE = [each for each in BUILTIN if is_native(each) and each.group != "apiextensions.k8s.io"]
"""CustomResourceDefinitions are applied, as JSON."""


def encoded(api_version: str, kind: str, message: bytes) -> bytes:
    types = field(1, api_version.encode()) + field(2, kind.encode())
    return b"k8s\x00" + field(1, types) + field(2, message)


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value % 2**64)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    result = b""
    while value >= 0x80:
        result, value = result + bytes([value & 0x7F | 0x80]), value >> 7
    return result + bytes([value])


def test_a_deployment_is_read_as_its_json_would_be() -> None:
    container = field(1, b"c") + field(2, b"") + field(6, field(1, b"grpc") + field(2, 0) + field(3, 8080))
    probe = field(1, field(3, field(1, field(1, 1) + field(2, 0) + field(3, b"grpc")))) + field(2, 0) + field(4, 5)
    limits = field(8, field(1, field(1, b"cpu") + field(2, field(1, b"100m"))))
    pod_spec = field(2, container + field(11, probe) + limits) + field(11, 0)
    spec = field(1, 0) + field(3, field(2, pod_spec)) + field(5, 0)
    metadata = field(1, b"x") + field(2, b"") + field(8, b"") + field(11, field(1, b"a") + field(2, b"b"))
    assert decode.decoded(encoded("apps/v1", "Deployment", field(1, metadata) + field(2, spec))) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "labels": {"a": "b"}},
        "spec": {
            "replicas": 0,
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "c",
                            "ports": [{"name": "grpc", "containerPort": 8080}],
                            "readinessProbe": {"tcpSocket": {"port": "grpc"}, "periodSeconds": 5},
                            "resources": {"limits": {"cpu": "100m"}},
                        }
                    ]
                }
            },
        },
    }


def test_secrets_get_base64_and_times_rfc_3339() -> None:
    metadata = field(1, b"s") + field(8, field(1, 1_767_323_045))
    message = field(1, metadata) + field(2, field(1, b"k") + field(2, b"\x00\xff"))
    assert decode.decoded(encoded("v1", "Secret", message)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "creationTimestamp": "2026-01-02T03:04:05Z"},
        "data": {"k": "AP8="},
    }


def test_delete_options_come_under_any_group() -> None:
    data = encoded("gateway.networking.k8s.io/v1", "DeleteOptions", field(1, -1) + field(4, b"Foreground"))
    assert decode.decoded(data)["gracePeriodSeconds"] == -1
    assert decode.decoded(data)["propagationPolicy"] == "Foreground"


def test_kinds_without_such_a_form_are_unsupported() -> None:
    with pytest.raises(UnsupportedMedia, match="application/json"):
        decode.decoded(encoded("gateway.networking.k8s.io/v1", "Gateway", b""))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"k8s\x00\xff", b"k8s\x00\x0a\xff\xff\xff\xff\x0f", b"k8s\x00\x0b", TRUNCATED]
)
def test_broken_messages_are_bad_requests(data: bytes) -> None:
    with pytest.raises(ApiError):
        decode.decoded(data)


@given(st.binary(max_size=60))
def test_no_message_breaks_us(message: bytes) -> None:
    for kind in ("Pod", "Secret", "Node"):
        try:
            msgspec.json.encode(decode.decoded(encoded("v1", kind, message)))
        except BadRequest:
            continue


def test_every_field_of_the_schemas_has_a_number() -> None:
    """Fails when the schemas moved to a newer Kubernetes: then run `protobuf/generate.py` again."""
    messages = decode._messages()

    def names(message: str) -> set[str]:
        found: set[str] = set()
        for each in messages[message].values():
            found |= names(each.type) if not each.name else {each.name}
        return found

    missing = {
        f"{name}.{field}"
        for name, schema in kubernetes().items()
        if name in messages
        for field in set(schema["properties"]) - names(name) - {"apiVersion", "kind"}
    }
    assert missing == NEWER


def test_wire_reads_fixed_sizes() -> None:
    assert list(fields(b"\x09" + (7).to_bytes(8, "little") + b"\x15" + (8).to_bytes(4, "little"))) == [(1, 7), (2, 8)]


@pytest.mark.parametrize("kind", NATIVE, ids=str)
def test_every_native_kind_is_read(kind: Kind) -> None:
    """A field that nobody knows is passed over, as a newer client may send it."""
    message = field(1, field(1, b"x")) + field(2000, b"newer")
    assert decode.decoded(encoded(kind.api_version, kind.name, message))["metadata"] == {"name": "x"}


def test_a_lease_has_microseconds() -> None:
    spec = field(1, b"me") + field(2, 15) + field(4, field(1, 1_767_323_045) + field(2, 123_456_000))
    data = encoded("coordination.k8s.io/v1", "Lease", field(1, field(1, b"x")) + field(2, spec))
    assert decode.decoded(data)["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "renewTime": "2026-01-02T03:04:05.123456Z",
    }
