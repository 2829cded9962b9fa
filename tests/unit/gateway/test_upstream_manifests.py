"""Every manifest of upstream's conformance suite and of its examples, wrong ones too, has a translation."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gatelab.gateway.translate import translate
from gatelab.kinds.builtin import BUILTIN
from gatelab.proxy.model import ProxyConfig
from gatelab.proxy.resources import encode
from gateway_api_module import VERSION, module
from go_modules import module_folder
from golden_cases import completed, shared_objects, snapshot

SERVED = {(kind.api_version, kind.name) for kind in BUILTIN}
CLASS = "gatelab"


def folders() -> tuple[Path, ...]:
    suite = module_folder("sigs.k8s.io/gateway-api/conformance", VERSION)
    return (suite / "tests", suite / "base", module() / "examples", module() / "hack" / "invalid-examples")


@cache
def manifests() -> tuple[Path, ...]:
    return tuple(sorted(path for folder in folders() for path in folder.rglob("*.yaml")))


def objects(path: Path) -> Iterator[dict[str, Any]]:
    for each in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
        if isinstance(each, dict) and (each.get("apiVersion"), each.get("kind")) in SERVED:
            if each["kind"] == "Gateway":
                each["spec"]["gatewayClassName"] = CLASS
            yield dict(completed(each))


def test_each_by_itself_and_all_together() -> None:
    assert len(manifests()) > 200
    found: list[dict[str, Any]] = []
    for path in manifests():
        these = list(objects(path))
        found += these
        _translate(path.name, these)
    _translate("all of them", found)


def _translate(name: str, these: list[dict[str, Any]]) -> None:
    unique = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): each for each in these}
    try:
        for outcome in translate(snapshot((*shared_objects(), *unique.values()))).gateways.values():
            encode(outcome.config or ProxyConfig())
    except Exception as error:
        error.add_note(name)
        raise
