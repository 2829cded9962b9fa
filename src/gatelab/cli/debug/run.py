"""Puts a support bundle together: each part collected by itself, everything redacted, then one file."""

import io
import os
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatelab.cli.debug import envoys, lab, logs, machine
from gatelab.cli.debug.objects import Objects, as_files, known_objects, secret_values_of
from gatelab.node.claims import is_held
from gatelab.node.credentials import secret_values
from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace
from gatelab.telemetry.redaction import Redactor

Files = Mapping[str, str]
"""Path in the bundle -> text."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is collected under a heading. `collect` raises OSError, LabError or ValueError when it cannot be had."""

    name: str
    contents: str
    collect: Callable[[LabPlace], Files]


PARTS = (
    Part("machine", "versions, operating system, permissions, limits, ports that are listened on", machine.files),
    Part("lab", "lab.json, settings, `gatelab status`, sizes and integrity of the journal", lab.files),
    Part("logs", "ends of the logs of the lab's processes and of its pods", logs.files),
    Part("envoys", "config_dump, clusters, stats and listeners of each Envoy", envoys.files),
    Part("metrics", "/metrics of the control plane and of the agent", lab.metrics),
)
OBJECTS = "objects of all kinds as YAML, Events too; of Secrets the names and sizes of their values"


def described(place: LabPlace) -> str:
    """What is in a bundle, for people. Raises LabError where there is no lab of that name."""
    if not place.state.exists():
        raise LabError(f"there is no lab {place.name!r}, running or not, in {place.state.parent}")
    state = "runs" if is_held(place.lock) else "does not run"
    lines = [f"the lab {place.name!r} {state}; a bundle has:"]
    lines += [f"  {part.name + '/':10} {part.contents}" for part in PARTS]
    lines += [f"  {'objects/':10} {OBJECTS}"]
    lines += ["without tokens, keys, the data of Secrets, and values of variables that are named like secrets"]
    return "\n".join(lines)


def write_bundle(place: LabPlace, file: Path) -> list[str]:
    """Writes the bundle, and returns what was in the way of having all. Raises LabError when it cannot be written."""
    problems: list[str] = []
    objects = _objects(place, problems)
    collected: dict[str, str] = {}
    for part in PARTS:
        try:
            found = part.collect(place)
        except (OSError, LabError, ValueError) as error:
            problems.append(f"{part.name}: {error}")
            continue
        collected |= {f"{part.name}/{path}": text for path, text in found.items()}
    redact = Redactor([*secret_values(place), *secret_values_of(objects)])
    # Names too: a file is named after a pod or a kind.
    redacted = {redact(path): redact(text) for path, text in collected.items()}
    redacted |= {f"objects/{path}": redact.known(text) for path, text in as_files(objects, redact).items()}
    redacted["README.txt"] = "\n".join([described(place), *(f"note: {redact(each)}" for each in problems), ""])
    _write(file, f"gatelab-debug-{place.name}", redacted)
    return [redact(each) for each in problems]


def _objects(place: LabPlace, problems: list[str]) -> Objects:
    objects, found = known_objects(place)
    problems += [f"objects: {each}" for each in found]
    return objects


def _write(file: Path, folder: str, files: Files) -> None:
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as raw:
            os.fchmod(fd, 0o600)
            with tarfile.open(fileobj=raw, mode="w:gz") as archive:
                for path, text in sorted(files.items()):
                    _add(archive, f"{folder}/{path}", text)
    except OSError as error:
        raise LabError(f"{file} cannot be written: {error.strerror}; choose another --out") from error


def _add(archive: tarfile.TarFile, path: str, text: str) -> None:
    data = text.encode(errors="replace")
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime, entry.mode = len(data), int(time.time()), 0o600
    archive.addfile(entry, io.BytesIO(data))
