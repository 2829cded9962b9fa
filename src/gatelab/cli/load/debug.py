"""`--debug`: what happened, a JSON object a line, with the keys of ghz's log."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gatelab.load import LoadResult


def write_debug(options: Mapping[str, Any], result: LoadResult) -> str:
    """Start, every call whose details were kept, end. It is written after the run, so that it costs the run nothing."""
    started_ns = round(result.started * 1e9)
    lines = [_line(started_ns, "Start Run", config=dict(options))]
    lines += [
        _line(call.ended_ns, "Received RPC Stats", code=call.status, error=call.error, duration=call.latency_ns / 1e9)
        for call in result.details
    ]
    end_ns = started_ns + round(result.elapsed_s * 1e9)
    lines.append(_line(end_ns, "Run finished", endReason=result.end_reason, count=result.count, errors=result.errors))
    return "\n".join(lines)


def _line(moment_ns: int, message: str, **fields: Any) -> str:
    moment = datetime.fromtimestamp(moment_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"level": "debug", "ts": moment, "msg": message, **fields})
