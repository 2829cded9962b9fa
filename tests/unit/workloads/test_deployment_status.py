"""What a Deployment's status says, case by case."""

from datetime import UTC, datetime
from typing import Any

from gatelab.kinds.apps import Deployment, ReplicaSet
from gatelab.kinds.conditions import condition
from gatelab.kinds.views import view
from gatelab.workloads.deployment_status import next_look_s, status_of

NOW = datetime(2026, 1, 1, 1, 0, 0, tzinfo=UTC)
EARLIER = "2026-01-01T00:00:00Z"


def deployment(conditions: list[dict[str, Any]] | None = None, replicas: int = 3, **spec: Any) -> Deployment:
    status = {
        "conditions": conditions or [],
        "replicas": 3,
        "updatedReplicas": 1,
        "availableReplicas": 3,
        "readyReplicas": 3,
    }
    obj = {"metadata": {"name": "web", "generation": 7}, "spec": {"replicas": replicas} | spec, "status": status}
    return view(Deployment, obj)


def replica_set(name: str, replicas: int, available: int) -> ReplicaSet:
    status = {"replicas": replicas, "readyReplicas": available, "availableReplicas": available}
    return view(ReplicaSet, {"metadata": {"name": name}, "spec": {"replicas": replicas}, "status": status})


def progressing(reason: str, status: str = "True", message: str = 'ReplicaSet "new" …') -> list[dict[str, Any]]:
    made = {"type": "Progressing", "status": status, "reason": reason, "message": message}
    return [{**made, "lastUpdateTime": EARLIER, "lastTransitionTime": EARLIER}]


def told(subject: Deployment, *sets: ReplicaSet, new: ReplicaSet | None) -> tuple[str, str]:
    everything = [*sets, new] if new else list(sets)
    found = condition(status_of(subject, everything, new, NOW)["conditions"], "Progressing")
    assert found is not None
    return found["status"], found["reason"]


OLD, NEW = replica_set("old", 2, 2), replica_set("new", 1, 1)


def test_counts() -> None:
    status = status_of(deployment(), [replica_set("old", 2, 1), NEW], NEW, NOW)
    counts = {name: value for name, value in status.items() if name != "conditions"}
    assert counts == {
        "observedGeneration": 7,
        "terminatingReplicas": 0,
        "replicas": 3,
        "updatedReplicas": 1,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "unavailableReplicas": 1,
    }


def test_a_new_replica_set_starts_a_new_rollout_even_long_after_the_last() -> None:
    over = deployment(progressing("NewReplicaSetAvailable", message='ReplicaSet "old" has successfully progressed.'))
    assert told(over, OLD, new=replica_set("new", 0, 0)) == ("True", "NewReplicaSetCreated")


def test_progress_moves_the_time_and_none_ends_in_the_deadline() -> None:
    found = told(deployment(progressing("ReplicaSetUpdated")), OLD, new=replica_set("new", 2, 1))
    assert found == ("True", "ReplicaSetUpdated"), "updatedReplicas grew"
    assert told(deployment(progressing("ReplicaSetUpdated")), OLD, new=NEW) == ("False", "ProgressDeadlineExceeded")
    patient = deployment(progressing("ReplicaSetUpdated"), progressDeadlineSeconds=7200)
    assert told(patient, OLD, new=NEW) == ("True", "ReplicaSetUpdated")
    endless = deployment(progressing("ReplicaSetUpdated"), progressDeadlineSeconds=2**31 - 1)
    assert condition(status_of(endless, [OLD, NEW], NEW, NOW)["conditions"], "Progressing") is None


def test_a_complete_rollout_stays_complete_when_pods_become_unready() -> None:
    complete = deployment(progressing("NewReplicaSetAvailable"))
    assert told(complete, new=replica_set("new", 3, 3)) == ("True", "NewReplicaSetAvailable")
    assert told(complete, new=replica_set("new", 3, 1)) == ("True", "NewReplicaSetAvailable")


def test_available_depends_on_max_unavailable() -> None:
    for available, expected in ((3, "True"), (2, "False")):
        status = status_of(deployment(), [replica_set("new", 3, available)], None, NOW)
        found = condition(status["conditions"], "Available")
        assert found is not None
        assert found["status"] == expected, "25% of 3, rounded down, is none"


def test_the_deadline_is_looked_at_when_it_is_due() -> None:
    subject = deployment(progressing("ReplicaSetUpdated"), progressDeadlineSeconds=3700)
    status = {"conditions": list(subject.status.conditions)}
    assert next_look_s(subject, status, NOW) == 101.0
    assert next_look_s(subject, {"conditions": progressing("NewReplicaSetAvailable")}, NOW) is None
