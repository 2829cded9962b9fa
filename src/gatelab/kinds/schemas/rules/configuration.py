"""Secrets and ConfigMaps. Messages never show a Secret's values."""

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_MOST_BYTES = 1024 * 1024
_HIDDEN = "(hidden)"
_NEEDS = {"kubernetes.io/tls": ("tls.crt", "tls.key"), "kubernetes.io/dockerconfigjson": (".dockerconfigjson",)}


def secret(obj: Object, before: Object | None) -> Iterator[Problem]:
    data = obj.get("data") or {}
    yield from _keys(data, "data")
    size = 0
    for key, value in data.items():
        try:
            size += len(b64decode(value, validate=True))
        except ValueError as error:
            yield problems.invalid(f"data[{key}]", _HIDDEN, f"illegal base64 data: {error}")
    if size > _MOST_BYTES:
        yield problems.too_long("data", _MOST_BYTES)
    for key in _NEEDS.get(obj.get("type", ""), ()):
        if key not in data:
            yield problems.required(f"data[{key}]")
    if before is not None:
        if before.get("type") != obj.get("type"):
            yield problems.invalid("type", obj.get("type"), "field is immutable")
        yield from _immutable(obj, before, "data")


def config_map(obj: Object, before: Object | None) -> Iterator[Problem]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    yield from _keys(data, "data")
    yield from _keys(binary, "binaryData")
    for key in data:
        if key in binary:
            yield problems.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    if sum(len(value.encode()) for value in data.values()) + sum(len(value) for value in binary.values()) > _MOST_BYTES:
        yield problems.too_long("", _MOST_BYTES)
    if before is not None:
        yield from _immutable(obj, before, "data", "binaryData")


def _keys(data: dict[str, Any], field: str) -> Iterator[Problem]:
    for key in data:
        if len(key) > 253:
            yield problems.invalid(f"{field}[{key}]", key, "must be no more than 253 characters")
        elif not _KEY.fullmatch(key):
            rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
            yield problems.invalid(f"{field}[{key}]", key, rule)


def _immutable(obj: Object, before: Object, *fields: str) -> Iterator[Problem]:
    if not before.get("immutable"):
        return
    for field in fields:
        if obj.get(field) != before.get(field):
            yield problems.forbidden(field, "field is immutable when `immutable` is set")
    if not obj.get("immutable"):
        yield problems.forbidden("immutable", "field is immutable when `immutable` is set")
