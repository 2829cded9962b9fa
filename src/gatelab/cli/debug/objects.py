"""The objects of a lab for a support bundle: of its API, or of its journal where the API does not answer."""

import asyncio
import base64
import binascii
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import yaml

from gatelab.cli.lab_objects import TIMEOUT_S, list_all
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.custom import definition
from gatelab.kinds.errors import ApiError
from gatelab.kinds.objects import Object
from gatelab.node.claims import is_held
from gatelab.node.place import LabPlace
from gatelab.store.journal import Journal, JournalError
from gatelab.store.meter import wal_path
from gatelab.telemetry.redaction import REDACTED, names_a_secret

Objects = Mapping[str, Sequence[Object]]
"""By resource, `plural.group`."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRETS = "secrets"


def known_objects(place: LabPlace) -> tuple[Objects, list[str]]:
    """All objects, and what was in the way of having them: of the API, or the journal where there is none."""
    problems = []
    try:
        if is_held(place.lock):
            return asyncio.run(_of_api(place.kubeconfig)), []
    except (KubeconfigError, ApiError, TimeoutError) as error:
        problems = [f"the API does not answer ({error or 'timeout'}), so they are the journal's"]
    try:
        return of_journal(place.journal), problems
    except (JournalError, OSError, msgspec.MsgspecError) as error:
        return {}, [*problems, str(error)]


def of_journal(file: Path) -> Objects:
    """Read from a copy, as a journal has one user. Raises JournalError, OSError."""
    found: dict[str, list[Object]] = {}
    with copied(file) as journal:
        for row in journal.read()[0]:
            if row.data is not None:
                found.setdefault(row.resource, []).append(msgspec.json.decode(row.data))
    return found


@contextmanager
def copied(file: Path) -> Iterator[Journal]:
    """A journal opened from a copy, in a folder of the owner's that goes at the end. Raises JournalError, OSError."""
    with tempfile.TemporaryDirectory(prefix="gatelab-debug-") as folder:
        copy = Path(folder) / "journal.sqlite"
        shutil.copyfile(file, copy)
        if wal_path(file).exists():
            shutil.copyfile(wal_path(file), wal_path(copy))
        journal = Journal.open(copy)
        try:
            yield journal
        finally:
            journal.close()


def as_files(objects: Objects, redact: Callable[[str], str]) -> dict[str, str]:
    """A YAML file for each resource, with what is secret taken out of every text in it."""
    return {
        f"{resource}.yaml": yaml.safe_dump_all(
            # YAML folds and escapes texts, so they are redacted before.
            [_rewritten(_shown(resource, each), _hide_variable, redact) for each in found],
            sort_keys=False,
            allow_unicode=True,
            width=1000,
        )
        for resource, found in objects.items()
        if found
    }


def secret_values_of(objects: Objects) -> list[bytes]:
    """What must not be found anywhere else in the bundle either: the data of Secrets."""
    values = (value for each in objects.get(_SECRETS, ()) for value in (each.get("data") or {}).values())
    return [decoded for value in values if (decoded := _decoded(value))]


async def _of_api(kubeconfig: Path) -> Objects:
    async with asyncio.timeout(TIMEOUT_S * 2), RemoteCluster.connect(kubeconfig) as cluster:
        found = dict(await list_all(cluster, BUILTIN))
        custom = [definition.read(each).kind for each in found[CUSTOM_RESOURCE_DEFINITION]]
        known = {kind.qualified_plural for kind in BUILTIN}
        found |= await list_all(cluster, [kind for kind in custom if kind.qualified_plural not in known])
    return {kind.qualified_plural: objects for kind, objects in found.items()}


def _shown(resource: str, obj: Object) -> dict[str, Any]:
    shown = dict(obj)
    if resource == _SECRETS:
        shown["data"] = {name: f"[{len(_decoded(value))} bytes]" for name, value in (obj.get("data") or {}).items()}
        shown["metadata"] = _without_last_applied(obj["metadata"])
        return shown
    if resource == "configmaps" and obj.get("data"):
        shown["data"] = {name: REDACTED if names_a_secret(name) else value for name, value in obj["data"].items()}
        shown["metadata"] = _without_last_applied(obj["metadata"])
    return shown


def _without_last_applied(metadata: Mapping[str, Any]) -> dict[str, Any]:
    annotations = dict(metadata.get("annotations") or {})
    if _LAST_APPLIED in annotations:
        annotations[_LAST_APPLIED] = REDACTED
    return {**metadata, "annotations": annotations} if annotations else dict(metadata)


def _hide_variable(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """An environment variable, or a header, whose name says that its value is a secret."""
    if isinstance(found.get("name"), str) and isinstance(found.get("value"), str) and names_a_secret(found["name"]):
        return {**found, "value": REDACTED}
    if _LAST_APPLIED in found:
        return {**found, _LAST_APPLIED: _rewritten_json(found[_LAST_APPLIED])}
    return found


def _rewritten_json(text: str) -> str:
    """The annotation holds the object once more."""
    try:
        return msgspec.json.encode(_rewritten(msgspec.json.decode(text), _hide_variable, str)).decode()
    except msgspec.MsgspecError:
        return REDACTED


def _rewritten(
    value: Any, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], redact: Callable[[str], str]
) -> Any:
    if isinstance(value, Mapping):
        return {redact(name): _rewritten(each, change, redact) for name, each in change(value).items()}
    if isinstance(value, list | tuple):
        return [_rewritten(each, change, redact) for each in value]
    return redact(value) if isinstance(value, str) else value


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except (binascii.Error, ValueError):
        return value.encode()
