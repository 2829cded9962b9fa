"""The lab itself for a support bundle: its files, its status, its journal, its metrics."""

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress

import httpx2
import msgspec

from gatelab.cli.debug.http import get
from gatelab.cli.debug.objects import copied
from gatelab.cli.labs import facts_of
from gatelab.cluster.kubeconfig import KubeconfigError, http_client
from gatelab.node.claims import holder, is_held
from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace
from gatelab.store.journal import JournalError

_TIMEOUT_S = 5.0


def files(place: LabPlace) -> Mapping[str, str]:
    """What there is of it, running or not."""
    found = {"state.txt": _tree(place), "journal.txt": _journal(place)}
    for file in (place.lab_file, place.settings):
        with suppress(FileNotFoundError):
            found[file.name] = file.read_text(errors="replace")
    try:
        from gatelab.cli.status.run import status_of

        report = msgspec.to_builtins(status_of(place, facts_of(place)))
        found["status.json"] = json.dumps(report, indent=2) + "\n"
    except LabError as error:
        found["status.txt"] = f"{error}\n"
    return found


def metrics(place: LabPlace) -> Mapping[str, str]:
    """Of the processes that answer."""
    found = {}
    with suppress(OSError):
        found["agent.txt"] = get(place.agent_socket, "/metrics")
    with suppress(KubeconfigError, httpx2.HTTPError):
        found["control-plane.txt"] = asyncio.run(_of_api(place))
    return found


async def _of_api(place: LabPlace) -> str:
    async with http_client(place.kubeconfig) as client:
        answer = await client.get("/metrics", timeout=_TIMEOUT_S)
        return answer.raise_for_status().text


def _journal(place: LabPlace) -> str:
    """Sizes, and whether it is sound; a journal in use was found sound by its user when that one started."""
    lines = [f"{each.name}: {each.stat().st_size} bytes" for each in sorted(place.state.glob("journal.sqlite*"))]
    if not place.journal.exists():
        return "there is no journal\n"
    if is_held(place.lock):
        lines.append("in use: it was checked when the control plane started")
    else:
        try:
            with copied(place.journal) as journal:
                rows, ceiling = journal.read()
            lines.append(f"sound: {len(rows)} objects, versions up to {ceiling}")
        except (JournalError, OSError) as error:
            lines.append(f"not sound: {error}")
    return "\n".join(lines) + "\n"


def _tree(place: LabPlace) -> str:
    """Names, modes and sizes of the files below both folders; whether the lock is held, and by whom."""
    lines = [f"lock: {'held' if is_held(place.lock) else 'free'}, agent pid {holder(place.lock)}"]
    for top in (place.state, place.run):
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                with suppress(OSError):
                    stat = os.lstat(f"{folder}/{name}")
                    lines.append(f"{stat.st_mode:o} {stat.st_size:>10} {folder}/{name}")
    return "\n".join(lines) + "\n"
