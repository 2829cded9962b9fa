"""GatewayClass, Gateway and ListenerSet: the rules that the CustomResourceDefinitions write in CEL."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gatelab.kinds.ip_addresses import is_ip
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.build import DNS_SUBDOMAIN, HOSTNAME
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules import listeners

_KEY = re.compile(rf"({DNS_SUBDOMAIN[1:-1]}/)?([A-Za-z0-9][-A-Za-z0-9_.]{{0,61}})?[A-Za-z0-9]")
_HOSTNAME = re.compile(HOSTNAME.replace("$", r"\Z"))
_MOST_OF_PREFIX = 253


def gateway_class(obj: Object, before: Object | None) -> Iterator[Problem]:
    name = obj["spec"]["controllerName"]
    if before is not None and before["spec"].get("controllerName") != name:
        yield problems.invalid("spec.controllerName", name, "Value is immutable")


def gateway(obj: Object, _: Object | None) -> Iterator[Problem]:
    yield from listeners.listeners(obj["spec"]["listeners"])
    yield from _addresses(obj["spec"])
    infrastructure = obj["spec"].get("infrastructure") or {}
    for field, word in (("annotations", "annotation"), ("labels", "label")):
        yield from _keys(infrastructure.get(field) or (), f"spec.infrastructure.{field}", word)


def listener_set(obj: Object, _: Object | None) -> Iterator[Problem]:
    yield from listeners.listeners(obj["spec"]["listeners"])


def _keys(keys: Iterable[str], path: str, word: str) -> Iterator[Problem]:
    if not all(_KEY.fullmatch(key) for key in keys):
        rule = (
            f"{word.capitalize()} keys must be in the form of an optional DNS subdomain prefix followed by a required "
            "name segment of up to 63 characters."
        )
        yield problems.invalid(path, "object", rule)
    if not all(len(key.split("/")[0]) < _MOST_OF_PREFIX for key in keys):
        rule = f"If specified, the {word} key's prefix must be a DNS subdomain not longer than 253 characters in total."
        yield problems.invalid(path, "object", rule)


def _addresses(spec: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for index, each in enumerate(spec.get("addresses") or ()):
        if each.get("type", "IPAddress") == "IPAddress" and "value" in each and not is_ip(each["value"]):
            yield problems.invalid(f"spec.addresses[{index}]", each, "must validate one and only one schema (oneOf)")
        if each.get("type") == "Hostname" and "value" in each and not _HOSTNAME.search(each["value"]):
            rule = f"Hostname value must be empty or contain only valid characters (matching {HOSTNAME})"
            yield problems.invalid(f"spec.addresses[{index}]", "object", rule)
        if not each.get("value"):
            continue
        place = (each.get("type", "IPAddress"), each["value"])
        if place in seen:
            rule = f"{place[0]} values must be unique"
            yield problems.invalid(f"spec.addresses[{index}]", place[1], rule)
        seen.add(place)
