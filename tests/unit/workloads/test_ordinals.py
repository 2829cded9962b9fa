"""The next step of a StatefulSet, where the properties do not look."""

from typing import Any

import pytest

from gatelab.kinds.apps import StatefulSet
from gatelab.kinds.views import view
from gatelab.workloads.controller_revisions import has_template
from gatelab.workloads.ordinals import ordinal_of, plan


def stateful_set(**spec: Any) -> StatefulSet:
    return view(StatefulSet, {"metadata": {"name": "web"}, "spec": spec})


def test_a_billion_pods_are_asked_for_step_by_step() -> None:
    made = plan(stateful_set(replicas=10**9, podManagementPolicy="Parallel"), [], "r")
    assert made.create == list(range(500))
    assert plan(stateful_set(replicas=10**9, ordinals={"start": 7}), [], "r").create == [7]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-0", 0),
        ("web-12", 12),
        ("web-01", None),
        ("web-x", None),
        ("web", None),
        ("other-1", None),
        ("web-1-2", None),
    ],
)
def test_which_pods_are_numbered(name: str, expected: int | None) -> None:
    assert ordinal_of("web", name) == expected


@pytest.mark.parametrize("data", [None, {}, {"spec": 1}, {"spec": {"template": []}}])
def test_a_revision_that_somebody_made_up_has_no_template(data: Any) -> None:
    assert not has_template({"data": data})
    assert has_template({"data": {"spec": {"template": {}}}})
