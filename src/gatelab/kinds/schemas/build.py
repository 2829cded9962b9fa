"""Words to write structural schemas with."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
HOSTNAME = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
KIND = r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"
GROUP = r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_CONDITION = rf"^({DNS_SUBDOMAIN[1:-1]}/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def text(
    about: str = "",
    *,
    least: int | None = None,
    most: int | None = None,
    pattern: str | None = None,
    enum: tuple[str, ...] = (),
    default: str | None = None,
    format: str | None = None,  # noqa: A002  # JSON Schema's word
) -> Schema:
    """A string, of `least` to `most` characters."""
    schema = _with({"type": "string"}, description=about or None, default=default, format=format, pattern=pattern)
    return _with(schema, minLength=least, maxLength=most, enum=list(enum) or None)


def integer(
    about: str = "", *, least: int | None = None, most: int | None = None, default: int | None = None, bits: int = 32
) -> Schema:
    schema = _with({"type": "integer", "format": f"int{bits}"}, description=about or None, default=default)
    return _with(schema, minimum=least, maximum=most)


def boolean(about: str = "", *, default: bool | None = None) -> Schema:
    return _with({"type": "boolean"}, description=about or None, default=default)


def array(
    items: Schema,
    about: str = "",
    *,
    least: int | None = None,
    most: int | None = None,
    keys: tuple[str, ...] = (),
    unique: bool = False,
    default: list[Any] | None = None,
) -> Schema:
    """A list; with `keys`, its items are told apart by these fields (`listType=map`); `unique` is
    `listType=set`.
    """
    schema = _with({"type": "array", "items": items}, description=about or None, default=default)
    schema = _with(schema, minItems=least, maxItems=most)
    if keys:
        schema |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}
    elif unique:
        schema |= {"x-kubernetes-list-type": "set"}
    return schema


def fields(
    properties: Mapping[str, Schema],
    about: str = "",
    *,
    required: tuple[str, ...] = (),
    default: dict[str, Any] | None = None,
) -> Schema:
    """An object with named fields."""
    schema = _with({"type": "object", "properties": dict(properties)}, description=about or None, default=default)
    return _with(schema, required=list(required) or None)


def mapping(values: Schema, about: str = "", *, most: int | None = None) -> Schema:
    """An object with free keys."""
    return _with({"type": "object", "additionalProperties": values}, description=about or None, maxProperties=most)


def anything(about: str = "") -> Schema:
    """An object that we keep as it is."""
    return _with({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, description=about or None)


def ref(name: str, about: str = "") -> Schema:
    return _with({"$ref": name}, description=about or None)


def conditions(about: str = "Observations.", *, default: list[dict[str, Any]] | None = None) -> Schema:
    """A list of `metav1.Condition`."""
    return array(_condition(), about, most=8, keys=("type",), default=default)


def _condition() -> Schema:
    return fields(
        {
            "type": text(most=316, pattern=_CONDITION),
            "status": text(enum=("True", "False", "Unknown")),
            "observedGeneration": integer(least=0, bits=64),
            "lastTransitionTime": text(format="date-time"),
            "reason": text(least=1, most=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
            "message": text(most=32768),
        },
        "An observation of an object's state.",
        required=("type", "status", "lastTransitionTime", "reason", "message"),
    )


def pending(*types: str) -> list[dict[str, Any]]:
    """The conditions of an object that no controller has looked at yet."""
    return [
        {
            "type": each,
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for controller",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
        for each in types
    ]


def whole(spec: Schema | None, status: Schema | None, about: str, *, required: tuple[str, ...] = ()) -> Schema:
    """The schema of a kind's objects."""
    properties: dict[str, Schema] = {
        "apiVersion": text("The version of the schema of this object."),
        "kind": text("The kind of this object."),
        "metadata": ref("meta_v1.ObjectMeta", "Name, labels, owners and the like."),
    }
    if spec is not None:
        properties["spec"] = spec
    if status is not None:
        properties["status"] = status
    return fields(properties, about, required=required)


def _with(schema: Schema, **more: Any) -> Schema:
    return schema | {key: value for key, value in more.items() if value is not None}
