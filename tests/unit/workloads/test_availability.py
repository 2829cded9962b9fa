"""When a pod that is ready counts as available (minReadySeconds), whatever happens to the clock."""

from datetime import UTC, datetime

import pytest

from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.workloads.pods import seconds_to_available

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def pod(ready: str, since: str) -> Pod:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": since}
    return view(Pod, {"metadata": {"name": "p", "namespace": "n"}, "status": {"conditions": [condition]}})


@pytest.mark.parametrize(
    ("ready", "since", "left_s"),
    [
        ("False", "2026-01-01T11:00:00Z", None),
        ("True", "2026-01-01T12:00:00Z", 10.0),
        ("True", "2026-01-01T11:59:57Z", 7.0),
        ("True", "2026-01-01T11:59:50Z", 0.0),
        ("True", "2026-01-01T13:00:00Z", 0.0),  # the clock was set back by an hour
    ],
)
def test_how_long_it_takes(ready: str, since: str, left_s: float | None) -> None:
    assert seconds_to_available(pod(ready, since), 10, NOON) == left_s
