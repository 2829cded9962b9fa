"""The logs of a lab as files: those of its own processes, and those of its pods' containers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatelab.node.logs.files import log_file, runs
from gatelab.node.place import LabPlace

OWN = ("agent", "control-plane", "node-envoy")
GATEWAY = "gateway"
"""Stands for the Envoys of all Gateways."""
_GATEWAY_CONTAINER = "envoy"


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `pod` is `namespace/name` and `container` the container's, both empty for the lab's own processes."""

    name: str
    path: Path
    pod: str = ""
    container: str = ""


def sources(place: LabPlace, wanted: Sequence[str]) -> list[Source]:
    """The files of what is wanted (all, when nothing is named), in the order of their names."""
    return [each for each in _all(place) if not wanted or any(_is(each, name) for name in wanted)]


def known_names(place: LabPlace) -> list[str]:
    """What can be asked for."""
    pods = {each.pod.partition("/")[2]: None for each in _pods(place)}
    return [*OWN, GATEWAY, *pods]


def _all(place: LabPlace) -> Iterable[Source]:
    files = (place.agent_log, place.controlplane_log, place.service_proxy_log)
    yield from (Source(name, path) for name, path in zip(OWN, files, strict=True) if path.exists())
    yield from sorted(_pods(place), key=lambda each: each.name)


def _pods(place: LabPlace) -> Iterable[Source]:
    for folder in place.pod_logs.glob("*_*_*/*"):
        namespace, pod, _ = folder.parent.name.split("_", 2)
        known = runs(folder)
        if known:
            name = f"{namespace}/{pod}"
            yield Source(f"{name}/{folder.name}", log_file(folder, known[-1]), name, folder.name)


def _is(source: Source, name: str) -> bool:
    if name == GATEWAY:
        return source.container == _GATEWAY_CONTAINER
    return name in (source.name, source.pod, source.pod.partition("/")[2]) and name != ""
