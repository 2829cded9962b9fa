"""What the Envoys of a lab run, asked on their admin sockets, for a support bundle."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gatelab.cli.debug.http import get
from gatelab.node.place import LabPlace
from gatelab.telemetry.redaction import REDACTED

_ASKED = {
    "config_dump.json": "/config_dump?include_eds",
    "clusters.txt": "/clusters",
    "stats.txt": "/stats?usedonly",
    "listeners.txt": "/listeners",
    "server_info.json": "/server_info",
}
_CONTENT = frozenset({"inline_string", "inline_bytes"})
"""Where Envoy's configuration has certificates and keys (`core.v3.DataSource`); bodies of direct responses too."""


def files(place: LabPlace) -> Mapping[str, str]:
    """Of each Envoy whose socket answers. The dump is without contents of files: certificates and keys."""
    found: dict[str, str] = {}
    for socket in (place.node_admin_socket, *sorted(place.run.glob("envoy-*"))):
        found |= _of(socket)
    return found


def _of(socket: Path) -> dict[str, str]:
    found = {}
    for name, target in _ASKED.items():
        with suppress(OSError):
            said = get(socket, target)
            found[f"{socket.stem}/{name}"] = _without_contents(said) if name == "config_dump.json" else said
    return found


def _without_contents(text: str) -> str:
    try:
        return json.dumps(_rewritten(json.loads(text)), indent=1) + "\n"
    except ValueError:
        return f"{REDACTED}: not JSON\n"


def _rewritten(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: REDACTED if name in _CONTENT else _rewritten(each) for name, each in value.items()}
    return [_rewritten(each) for each in value] if isinstance(value, list) else value
