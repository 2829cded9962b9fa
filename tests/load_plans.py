"""Plans of a load on the servers of tests/unit/load."""

from typing import Any

from gatelab.load import LoadPlan

HOST = "127.27.0.4"


def plan_for(pods: list[Any], **changes: Any) -> LoadPlan:
    """On the first of these, with `changes`."""
    return LoadPlan(**{"host": HOST, "port": pods[0].port, "path": "/t.T/Do", "message": b"x", **changes})
