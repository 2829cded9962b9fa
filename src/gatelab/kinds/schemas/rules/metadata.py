"""Names, labels and annotations (RFC 1123; `k8s.io/apimachinery/pkg/util/validation`)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_RFC_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_MOST_ANNOTATION_BYTES = 256 * 1024

_AS_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_AS_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_AS_RFC_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_AS_LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_AS_QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def broken(kind: Kind, obj: Object) -> Iterator[Problem]:
    """What is wrong with an object's metadata."""
    metadata = obj["metadata"]
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if not name and not prefix:
        yield problems.required("metadata.name", "name or generateName is required")
    elif name:
        yield from name_problems(kind, "metadata.name", name)
    else:
        # The prefix is judged as the name that comes of it.
        yield from name_problems(kind, "metadata.generateName", prefix.rstrip("-.") or "-")
    yield from labels(metadata.get("labels") or {}, "metadata.labels")
    yield from _annotations(metadata.get("annotations") or {})


def name_problems(kind: Kind, field: str, name: str) -> Iterator[Problem]:
    """What is wrong with the name of an object of the kind."""
    if kind.group == "" and kind.name == "Namespace":
        yield from label_problems(field, name)
    elif kind.group == "" and kind.name == "Service":
        yield from _matching(field, name, _RFC_1035, _AS_RFC_1035, 63)
    else:
        yield from subdomain_problems(field, name)


def label_problems(field: str, name: str) -> Iterator[Problem]:
    """RFC 1123 label: container, port and namespace names."""
    yield from _matching(field, name, _LABEL, _AS_LABEL, 63)


def subdomain_problems(field: str, name: str) -> Iterator[Problem]:
    """RFC 1123 subdomain: most objects' names."""
    yield from _matching(field, name, _SUBDOMAIN, _AS_SUBDOMAIN, 253)


def _matching(field: str, name: str, pattern: re.Pattern[str], rule: str, most: int) -> Iterator[Problem]:
    if len(name) > most:
        yield problems.invalid(field, name, f"must be no more than {most} characters")
    elif not pattern.fullmatch(name):
        yield problems.invalid(field, name, rule)


def labels(found: Mapping[str, Any], field: str) -> Iterator[Problem]:
    """What is wrong with labels, or with a selector made of labels."""
    for key, value in found.items():
        yield from qualified(key, field)
        if len(value) > 63:
            yield problems.invalid(field, value, "must be no more than 63 characters")
        elif value and not _QUALIFIED.fullmatch(value):
            yield problems.invalid(field, value, _AS_LABEL_VALUE)


def qualified(key: str, field: str) -> Iterator[Problem]:
    """`name` or `prefix/name`: keys of labels and annotations."""
    prefix, slash, name = key.rpartition("/")
    if slash and not _SUBDOMAIN.fullmatch(prefix):
        yield problems.invalid(field, key, f"prefix part {_AS_SUBDOMAIN}")
    elif len(name) > 63:
        yield problems.invalid(field, key, "name part must be no more than 63 characters")
    elif not _QUALIFIED.fullmatch(name):
        yield problems.invalid(field, key, _AS_QUALIFIED)


def _annotations(found: Mapping[str, Any]) -> Iterator[Problem]:
    for key in found:
        yield from qualified(key.lower(), "metadata.annotations")
    if sum(len(key) + len(value) for key, value in found.items()) > _MOST_ANNOTATION_BYTES:
        yield problems.too_long("metadata.annotations", _MOST_ANNOTATION_BYTES)
