"""Lines of the lab's own processes, read: JSON of the agent and the control plane, text of Envoy and of crashes."""

import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple


class OwnLine(NamedTuple):
    """`time` is RFC 3339 in UTC with nanoseconds, "" when the line has none; `fields` are those of a JSON line."""

    time: str
    text: str
    fields: Mapping[str, Any]


def read_line(line: str) -> OwnLine:
    """Any line. `text` is the message of a JSON line, and otherwise all of it."""
    if line.startswith("{"):
        try:
            said = json.loads(line)
            stamp, text = str(said.pop("time")), str(said.pop("message"))
        except (ValueError, KeyError):
            return OwnLine("", line, {})
        return OwnLine(f"{stamp.removesuffix('Z')}000000Z", text, said)
    return OwnLine(stamp_of(line), line, {})


def readable(text: str, fields: Mapping[str, Any]) -> str:
    """A line for people: what `read_line` found, in one line, and a traceback in those that follow."""
    if not fields:
        return text
    rest = {name: value for name, value in fields.items() if name not in ("level", "logger", "exception")}
    about = "".join(f" {name}={value}" for name, value in rest.items())
    head = f"{str(fields.get('level', '')).upper()} {fields.get('logger', '')}: {text}{about}"
    return "\n".join((head, *str(fields.get("exception", "")).splitlines()))


def stamp_of(line: str) -> str:
    """The time (RFC 3339, UTC) at the start of a line of ours or of Envoy's; "" when there is none.

    `2026-01-31 12:00:00,123 INFO …` and `[2026-01-31 12:00:00.123][7][info]…`, both in local time.
    """
    text = line.removeprefix("[")
    try:
        seconds = time.mktime(time.strptime(text[:19], "%Y-%m-%d %H:%M:%S"))
    except (ValueError, OverflowError):
        return ""
    milliseconds = text[20:23]
    if not milliseconds.isdigit() or text[19:20] not in (",", "."):
        return ""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds}000000Z"
