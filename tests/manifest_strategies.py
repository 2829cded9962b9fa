"""Manifests made from our own schemas: what the schemas describe, with something else in a few places."""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
import yaml
from hypothesis import strategies as st

from custom_objects import widget
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas import catalogue
from gatelab.kinds.schemas.catalogue import Schema

_DEEPEST = 9
_ODD = 0.01
_TEXTS = (
    *(
        "a",
        "b",
        "web",
        "default",
        "a.b",
        "x.test",
        "*.x.test",
        "a.b/c",
        "80",
        "http",
        "1",
        "5%",
        "100m",
        "1Gi",
        "-1",
        "/",
    ),
    *(
        "10.0.0.1",
        "127.0.0.1",
        "::1",
        "TCP",
        "HTTP",
        "Always",
        "ClusterIP",
        "None",
        "IfNotPresent",
        "$(A)",
        "/a/b",
        "YQ==",
    ),
    *("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000001Z", "metadata.name", "Service", "v1", "apps/v1", "In", "a=b"),
)
_ODD_TEXTS = (
    *(
        "",
        " ",
        "\x00",
        "a\nb",
        "\r\n",
        "\u2028",
        "é",
        "😀",
        "\ufeff",
        "\x7f",
        "A_B",
        "-a",
        "..",
        "../../etc/passwd",
        "%2e",
        "'\"\\",
    ),
    *(
        "x" * 64,
        "x" * 254,
        "x" * 5000,
        "a/" * 200,
        "1e999",
        "NaN",
        "9" * 400,
        "0x1",
        "1_000",
        "1Ei" * 9,
        "${a}",
        "{{.}}",
    ),
    *(
        "9999-12-31T23:59:59Z",
        "0000-00-00T00:00:00Z",
        "2026-01-02T03:04:05+25:00",
        "(?=a)",
        "(a+)+$",
        "[",
        "$patch",
        "~1/~0",
    ),
)
_NUMBERS = (0, 1, 2, 3, 80, 443, 8080, 30000, -1, 65535, 65536, 2**31 - 1)
_ODD_NUMBERS = (2**31, 2**32, 2**63 - 1, 2**63, -(2**63), 2**64, 10**300, -1, 0.5, -0.0, 1e-300, 1.7e308, 5e-324)


def _deep(random: Random) -> Any:
    value: Any = random.choice([1, {}, []])
    for _ in range(random.choice([20, 95, 120, 400])):
        value = [value] if random.random() < 0.5 else {"a": value}
    return value


_ODD_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda _: None,
    lambda random: random.choice(_ODD_TEXTS),
    lambda random: random.choice(_ODD_NUMBERS),
    lambda random: random.choice(_TEXTS),
    lambda random: random.choice([True, False, {}, [], [[]], [None], {"": ""}, {"a": None}]),
    lambda random: [random.choice(_NUMBERS)] * random.choice([1, 2, 300]),
    lambda random: {random.choice(_ODD_TEXTS): random.choice(_TEXTS) for _ in range(3)},
    lambda random: {"$patch": random.choice(["delete", "replace", "merge", 1]), "$retainKeys": ["a"]},
    _deep,
)


def odd(random: Random) -> Any:
    """A value that hardly any field asks for."""
    return random.choice(_ODD_VALUES)(random)


def described(schema: Schema, random: Random, depth: int = 0) -> Any:
    """A value of the schema, mostly."""
    schema = catalogue.resolved(schema)
    if random.random() < _ODD:
        return odd(random)
    if "enum" in schema:
        return random.choice(list(schema["enum"]))
    if schema.get("x-kubernetes-int-or-string"):
        return random.choice([*_NUMBERS, *_TEXTS])
    match schema.get("type"):
        case "object":
            return _object(schema, random, depth)
        case "array":
            items = random.choice([0, 1, 1, 2]) if depth < _DEEPEST else 0
            return [described(schema["items"], random, depth + 1) for _ in range(max(items, schema.get("minItems", 0)))]
        case "integer" | "number":
            return random.choice(_NUMBERS)
        case "boolean":
            return random.random() < 0.5
        case "string":
            return random.choice(_TEXTS)
    return odd(random)


def _object(schema: Schema, random: Random, depth: int) -> dict[str, Any]:
    wanted = set(schema.get("required", ()))
    share = 0.7 if depth == 0 else 0.3 if depth < 3 else 0.15
    result = {}
    for name, each in schema.get("properties", {}).items():
        if name in wanted or (depth < _DEEPEST and random.random() < share):
            result[name] = described(each, random, depth + 1)
    if isinstance(more := schema.get("additionalProperties"), dict) and depth < _DEEPEST:
        result |= {random.choice(_TEXTS): described(more, random, depth + 1) for _ in range(random.choice([0, 1, 2]))}
    if random.random() < _ODD:
        result[random.choice(_ODD_TEXTS)] = odd(random)
    return result


def manifest(kind: Kind, random: Random) -> dict[str, Any]:
    """An object of the kind, whose name and namespace mostly are those of the request."""
    obj = described(catalogue.schema_of(kind), random)
    if not isinstance(obj, dict):
        return {"odd": obj}
    obj |= {"apiVersion": kind.api_version, "kind": kind.name}
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and random.random() < 0.9:
        for field in ("namespace", "uid", "resourceVersion", "managedFields", "deletionTimestamp", "selfLink"):
            metadata.pop(field, None)
    if isinstance(metadata, dict) or random.random() < 0.9:
        obj["metadata"] = {**(metadata if isinstance(metadata, dict) else {}), "name": "a"}
    return obj


def custom(random: Random) -> dict[str, Any]:
    """A Widget (`custom_objects`), with something else in some places."""
    obj = widget(size=random.choice([1, 3, 11, "3", None]))
    for field in ("color", "replicas", "port", "free", "note", "parts", "nothing"):
        if random.random() < 0.4:
            obj["spec"][field] = random.choice([odd(random), random.choice(_TEXTS), [{"name": "a"}, {"name": "a"}]])
    return obj


randoms = st.integers(0, 2**64 - 1).map(Random)
"""What is made of it is the same for the same number. Drawn one by one, the choices would take ten times as long."""

manifests = st.builds(lambda kind, random: (kind, manifest(kind, random)), st.sampled_from(BUILTIN), randoms)
"""A built-in kind and an object of it."""

_TOKENS = (
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"1" * 5000,
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\\x"',
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x00",
    ),
    *(
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b',"metadata":{}',
        b'"name":"a","name":"b"',
        b"}",
        b"]",
        b",",
        b"//",
        b"'",
        b"\n---\n",
    ),
    *(
        b"&a [*a]",
        b"!!python/object/apply:os.system [x]",
        b"<<: {}",
        b"? ",
        b"|\n",
        b"%YAML 9.9\n---\n",
        b"\t",
        b"*x",
        b"!!binary x",
    ),
)
_LAUGHS = b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (i + 1, i + 1, i, i) for i in range(97, 121))
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_TYPES = (
    *("application/json", "application/yaml", "application/apply-patch+yaml", "application/merge-patch+json"),
    *("application/strategic-merge-patch+json", "application/json-patch+json", _PROTOBUF),
)


def _field(number: int, value: bytes) -> bytes:
    size, encoded = len(value), b""
    while size > 127:
        encoded += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + encoded + bytes([size]) + value


def protobuf(kind: Kind, random: Random) -> bytes:
    """An envelope of the kind, with bytes in it that may be anything."""
    inside = b""
    for _ in range(random.randrange(6)):
        part = random.choice(
            [_field(1, b"a"), bytes(random.randrange(256) for _ in range(random.randrange(12))), inside]
        )
        inside += _field(random.randrange(1, 16), part)
    if random.random() < 0.05:
        for _ in range(3000):
            inside = _field(random.choice([1, 2, 3]), inside)
    types = _field(1, kind.api_version.encode()) + _field(2, kind.name.encode())
    return b"k8s\x00" + _field(1, types) + _field(2, inside)


def body(kind: Kind, obj: Any, random: Random) -> tuple[bytes, str]:
    """The object as a client may send it, and the content type: now and then not what it says, and not whole."""
    choice = random.random()
    if choice < 0.15:
        data, media = protobuf(kind, random), _PROTOBUF
    elif choice < 0.3:
        data, media = _yaml(obj), "application/yaml"
    elif choice < 0.33:
        data, media = _LAUGHS, random.choice(["application/yaml", "application/apply-patch+yaml"])
    else:
        data, media = msgspec.json.encode(obj), "application/json"
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        place = random.randrange(len(data) + 1)
        data = random.choice([data[:place], data[:place] + random.choice(_TOKENS) + data[place:], data[:place] + data])
    return data, media if random.random() < 0.6 else random.choice(_TYPES)


def _yaml(obj: Any) -> bytes:
    try:
        return yaml.dump(obj, Dumper=yaml.CSafeDumper, allow_unicode=True).encode("utf-8", "replace")
    except (yaml.YAMLError, RecursionError):
        return b"a: [unwritable"
