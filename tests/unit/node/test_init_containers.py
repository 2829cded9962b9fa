"""Init containers, sidecars, several containers: what starts after what, and what ends a pod."""

from collections.abc import Callable
from signal import SIGKILL, SIGTERM
from typing import Any

from gatelab.apiserver.tables.pods import status_word
from gatelab.kinds.pods import Pod
from gatelab.node.pods.events import Note, Remove, SendProbe, Signal, Start
from gatelab.node.pods.states import Waiting
from pod_script import Script, done

MakePod = Callable[..., Pod]
TCP = {"tcpSocket": {"port": 80}}
ALWAYS = {"restartPolicy": "Always"}


def inits(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": name, "image": "test:1", **fields} for name in names]


def word(script: Script) -> str:
    """What kubectl shows under STATUS."""
    spec = {
        "initContainers": [
            {"name": each.spec.name, "restartPolicy": each.spec.restart_policy} for each in script.life.inits
        ]
    }
    return status_word({"metadata": {}, "spec": spec, "status": script.status()})


def test_init_containers_run_one_after_the_other_and_then_the_containers(make_pod: MakePod) -> None:
    script = Script(make_pod({}, {"name": "second"}, initContainers=inits("a", "b")))
    assert script.first == [Start("a", 0)]
    assert word(script) == "Init:0/2"
    assert script.started(name="a") == []
    assert script.ended(0, name="a") == [Start("b", 0)]
    assert word(script) == "Init:1/2"
    assert script.run("main").state == Waiting("PodInitializing")
    assert script.condition("Initialized")["message"] == "containers with incomplete status: [b]"
    script.started(name="b")
    assert script.ended(0, name="b") == [Start("main", 0)]
    assert word(script) == "PodInitializing"
    assert script.condition("Initialized")["status"] == "True"
    assert script.status()["phase"] == "Pending"
    assert script.started() == [Start("second", 0)]
    script.started(name="second")
    assert script.status()["phase"] == "Running"
    assert [each["ready"] for each in script.status()["initContainerStatuses"]] == [True, True]


def test_an_init_container_that_fails_is_restarted_with_back_off(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("a")))
    script.started(name="a")
    assert done(script.ended(1, name="a")) == [Start("a", 1)]
    assert word(script) == "Init:Error"
    script.started(name="a")
    assert done(script.ended(1, name="a")) == []
    assert word(script) == "Init:CrashLoopBackOff"
    assert script.status()["phase"] == "Pending"
    assert script.wait(10) == [Start("a", 2)]
    script.started(name="a")
    assert script.ended(0, name="a") == [Start("main", 0)]


def test_with_never_a_failed_init_container_fails_the_pod(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("a", "b"), restartPolicy="Never"))
    script.started(name="a")
    assert script.ended(3, name="a") == []
    assert script.status()["phase"] == "Failed"
    assert word(script) == "Init:Error"
    assert script.life.due_at is None


def test_what_follows_a_sidecar_starts_once_its_startup_probe_is_passed(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("side", startupProbe=TCP, readinessProbe=TCP, **ALWAYS)))
    assert script.first == [Start("side", 0)]
    assert script.started(name="side") == [SendProbe("side", "startup", 0)]
    assert script.probed("startup", True, name="side") == [SendProbe("side", "readiness", 0), Start("main", 0)]
    script.started()
    assert script.condition("Ready")["message"] == "containers with unready status: [side]"
    script.probed("readiness", True, name="side")
    assert script.condition("Ready")["status"] == "True"


def test_a_sidecar_is_restarted_whatever_the_policy_and_does_not_hold_back_what_ran(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("side", **ALWAYS), restartPolicy="Never"))
    assert script.started(name="side") == [Start("main", 0)]
    script.started()
    assert script.ended(0, name="side") == [Start("side", 1)]
    assert script.status()["phase"] == "Running"
    assert script.condition("Initialized")["status"] == "True"


def test_when_the_containers_are_done_sidecars_stop_in_reverse_order(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("one", "two", **ALWAYS), restartPolicy="OnFailure"))
    script.started(name="one")
    script.started(name="two")
    script.started()
    assert script.ended(0) == [
        Note("Killing", "Stopping container two", "two"),
        Note("Killing", "Stopping container one", "one"),
        Signal("two", SIGTERM),
    ]
    assert script.status()["phase"] == "Running"
    assert script.ended(143, name="two") == [Signal("one", SIGTERM)]
    assert script.ended(143, name="one") == []
    assert script.status()["phase"] == "Succeeded"
    assert script.condition("Initialized")["reason"] == "PodCompleted"
    assert script.deleted() == [Remove()]


def test_deletion_stops_sidecars_after_the_containers(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("side", **ALWAYS)))
    script.started(name="side")
    script.started()
    assert done(script.deleted()) == [Signal("main", SIGTERM)]
    assert script.ended(0) == [Signal("side", SIGTERM)]
    assert script.ended(0, name="side") == [Remove()]


def test_a_sidecar_waits_for_its_turn_no_longer_than_the_grace(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("side", **ALWAYS)))
    script.started(name="side")
    script.started()
    script.deleted(5)
    assert script.wait(5) == [Signal("side", SIGTERM), Signal("main", SIGKILL)]
    assert script.wait(2) == [Signal("side", SIGKILL)]


def test_deletion_while_initialising_starts_nothing_more(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=inits("a", "b")))
    script.started(name="a")
    assert done(script.deleted()) == [Signal("a", SIGTERM)]
    assert script.ended(0, name="a") == [Remove()]


def test_an_image_that_is_missing_keeps_the_next_container_from_nothing(make_pod: MakePod) -> None:
    script = Script(make_pod({}, {"name": "second"}))
    assert script.first == [Start("main", 0)]
    assert done(script.not_started("ErrImagePull")) == [Start("second", 0)]


def test_one_container_that_ended_leaves_the_pod_running(make_pod: MakePod) -> None:
    script = Script(make_pod({}, {"name": "second"}, restartPolicy="Never"))
    script.started()
    script.started(name="second")
    script.ended(1)
    assert script.status()["phase"] == "Running"
    assert word(script) == "Error"
    script.ended(0, name="second")
    assert script.status()["phase"] == "Failed"


def test_a_container_may_have_a_policy_and_rules_of_its_own(make_pod: MakePod) -> None:
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    script = Script(make_pod({"restartPolicy": "Never", "restartPolicyRules": [rule]}))
    script.started()
    assert script.ended(42) == [Start("main", 1)]
    script.started()
    assert script.ended(1) == []
    assert script.status()["phase"] == "Failed"


def test_a_pod_past_its_deadline_is_stopped_and_failed(make_pod: MakePod) -> None:
    script = Script(make_pod(activeDeadlineSeconds=60), age_s=20)
    script.started()
    assert script.life.due_at == script.now + 40
    assert script.wait(40) == [
        Note("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
        Note("Killing", "Stopping container main", "main"),
        Signal("main", SIGTERM),
    ]
    assert script.ended(0) == []
    status = script.status()
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert word(script) == "Completed"
    assert script.deleted() == [Remove()]


def test_readiness_gates_count_for_ready_alone(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started()
    pod: dict[str, Any] = {"metadata": {}, "spec": {"readinessGates": [{"conditionType": "example.com/in"}]}}
    ready = script.condition("Ready", pod)
    assert ready["reason"] == "ReadinessGatesNotReady"
    assert ready["message"] == 'corresponding condition of pod readiness gate "example.com/in" does not exist.'
    assert script.condition("ContainersReady", pod)["status"] == "True"
    pod["status"] = {"conditions": [{"type": "example.com/in", "status": "False", "lastTransitionTime": "x"}]}
    assert script.condition("Ready", pod)["message"] == (
        'the status of pod readiness gate "example.com/in" is not "True", but False'
    )
    pod["status"]["conditions"][0]["status"] = "True"
    assert script.condition("Ready", pod)["status"] == "True"
    assert script.condition("example.com/in", pod)["lastTransitionTime"] == "x"
