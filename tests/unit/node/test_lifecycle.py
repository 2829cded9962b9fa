"""The life of a pod of one container: start, probes, restarts, stop."""

from collections.abc import Callable
from datetime import UTC, datetime
from signal import SIGKILL, SIGTERM
from typing import Any

import pytest

from gatelab.kinds.pods import Pod
from gatelab.node.pods.events import Ended, Note, Probed, Remove, SendProbe, Signal, Start, Started, Warn
from gatelab.node.pods.probes import Outcome
from gatelab.node.pods.states import Running, Terminated, Waiting
from gatelab.node.pods.status import pod_status
from pod_script import AT, Script

MakePod = Callable[..., Pod]
TCP = {"tcpSocket": {"port": 80}}
KILLING = Note("Killing", "Stopping container main", "main")
BACK_OFF = Warn("BackOff", "Back-off restarting failed container main in pod hello_default(uid-hello)", "main")


def test_without_probes_a_container_is_ready_when_it_runs(make_pod: MakePod) -> None:
    script = Script(make_pod())
    assert script.first == [Start("main", 0)]
    assert not script.main.is_ready
    assert script.started() == []
    assert script.main.state == Running(42, AT)
    assert script.main.is_ready
    assert script.life.due_at is None


def test_readiness_waits_for_startup(make_pod: MakePod) -> None:
    script = Script(make_pod({"startupProbe": TCP, "readinessProbe": TCP}))
    assert script.started() == [SendProbe("main", "startup", 0)]
    assert not script.main.is_started
    assert script.probed("startup", True) == [SendProbe("main", "readiness", 0)]
    assert script.main.is_started
    assert not script.main.is_ready
    script.probed("readiness", True)
    assert script.main.is_ready


def test_a_container_that_still_refuses_is_probed_again_after_25_ms_and_not_blamed(make_pod: MakePod) -> None:
    script = Script(make_pod({"startupProbe": {**TCP, "periodSeconds": 1, "failureThreshold": 1}}))
    script.started()
    for _ in range(30):
        assert script.probed("startup", False) == []
        assert script.wait(0.02) == []
        assert script.wait(0.006) == [SendProbe("main", "startup", 0)]
    script.probed("startup", True)
    assert script.main.is_ready


def test_commands_are_not_started_forty_times_a_second(make_pod: MakePod) -> None:
    script = Script(make_pod({"startupProbe": {"exec": {"command": ["x"]}}}))
    script.started()
    assert script.probed("startup", False) == []
    assert script.wait(0.24) == []
    assert script.wait(0.02) == [SendProbe("main", "startup", 0)]


def test_a_failed_startup_probe_kills_and_starts_again(make_pod: MakePod) -> None:
    script = Script(make_pod({"startupProbe": {**TCP, "periodSeconds": 1, "failureThreshold": 2}}))
    script.started()
    script.now += 1.0
    assert script.probed("startup", False) == [Warn("Unhealthy", "Startup probe failed: no", "main")]
    assert script.wait(1.0) == [SendProbe("main", "startup", 0)]
    commands = script.probed("startup", False)
    assert commands[1:] == [
        Note("Killing", "Container main failed startup probe, will be restarted", "main"),
        Signal("main", SIGTERM),
    ]
    assert script.ended(143) == [Start("main", 1)]
    assert script.main.last.exit_code == 143


def test_a_failed_readiness_probe_takes_readiness_and_nothing_else(make_pod: MakePod) -> None:
    script = Script(make_pod({"readinessProbe": {**TCP, "periodSeconds": 1, "failureThreshold": 2}}))
    script.started()
    script.probed("readiness", True)
    script.wait(1.0)
    script.probed("readiness", False)
    assert script.main.is_ready
    script.wait(1.0)
    assert script.probed("readiness", False) == [Warn("Unhealthy", "Readiness probe failed: no", "main")]
    assert not script.main.is_ready
    script.wait(1.0)
    script.probed("readiness", True)
    assert script.main.is_ready


def test_the_answer_to_a_probe_of_an_earlier_run_is_ignored(make_pod: MakePod) -> None:
    script = Script(make_pod({"readinessProbe": TCP}))
    script.started()
    script.ended(1)
    script.started(43)
    script.life.handle(Probed("main", "readiness", 0, Outcome(True)), script.now)
    assert not script.main.is_ready


def test_the_first_restart_is_at_once_then_ten_seconds_doubling_to_five_minutes(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started()
    assert script.ended(1) == [Start("main", 1)]
    delays = []
    for count in range(2, 9):
        script.started()
        assert script.ended(1) == [BACK_OFF]
        assert script.main.state.reason == "CrashLoopBackOff"
        assert script.life.due_at is not None
        delays.append(script.life.due_at - script.now)
        assert script.wait(delays[-1]) == [Start("main", count)]
    assert delays == [10, 20, 40, 80, 160, 300, 300]


def test_a_container_that_ran_for_long_is_restarted_at_once_again(make_pod: MakePod) -> None:
    script = Script(make_pod())
    for count in (1, 2):
        script.started()
        script.now += 600
        assert script.ended(1) == [Start("main", count)]


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", 0, "Succeeded"), ("Never", 1, "Failed"), ("OnFailure", 0, "Succeeded")],
)
def test_a_container_that_is_not_restarted_ends_the_pod(make_pod: MakePod, policy: str, code: int, phase: str) -> None:
    script = Script(make_pod(restartPolicy=policy))
    script.started()
    assert script.ended(code) == []
    assert script.status()["phase"] == phase
    assert script.life.due_at is None


def test_on_failure_restarts_what_failed(make_pod: MakePod) -> None:
    script = Script(make_pod(restartPolicy="OnFailure"))
    script.started()
    assert script.ended(1) == [Start("main", 1)]


def test_an_image_without_a_program_waits_and_is_looked_up_again(make_pod: MakePod) -> None:
    script = Script(make_pod())
    assert script.not_started("ErrImagePull", "add a line") == [
        Warn("Failed", 'Failed to pull image "test:1": add a line', "main"),
        Warn("Failed", "Error: ErrImagePull", "main"),
    ]
    assert script.main.state == Waiting("ErrImagePull", "add a line")
    assert script.wait(1.0) == [Start("main", 0)]


def test_a_program_that_cannot_be_executed_is_a_terminated_container_with_code_128(make_pod: MakePod) -> None:
    script = Script(make_pod(restartPolicy="Never"))
    script.not_started("StartError")
    assert script.main.state == Terminated(128, "StartError", "why", AT, AT)
    assert script.status()["phase"] == "Failed"


def test_a_program_that_never_starts_is_tried_again_with_back_off(make_pod: MakePod) -> None:
    script = Script(make_pod())
    assert Start("main", 1) in script.not_started("StartError")
    assert script.not_started("StartError") == [Warn("Failed", "Error: why", "main"), BACK_OFF]
    assert script.main.state == Waiting(
        "CrashLoopBackOff", "back-off 10s restarting failed container=main pod=hello_default(uid-hello)"
    )
    assert script.wait(9.9) == []
    assert script.wait(0.2) == [Start("main", 2)]


def test_deletion_is_sigterm_then_removal(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started()
    assert script.deleted() == [KILLING, Signal("main", SIGTERM)]
    assert script.ended(0) == [Remove()]


def test_pre_stop_sleeps_before_sigterm(make_pod: MakePod) -> None:
    script = Script(make_pod({"lifecycle": {"preStop": {"sleep": {"seconds": 2}}}}))
    script.started()
    assert script.deleted(30) == [KILLING]
    assert script.wait(1.9) == []
    assert script.wait(0.1) == [Signal("main", SIGTERM)]


def test_sigkill_when_the_grace_is_over(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started()
    script.deleted(5)
    assert script.wait(4.9) == []
    assert script.wait(0.1) == [Signal("main", SIGKILL)]
    assert script.ended(137) == [Remove()]


def test_after_a_long_pre_stop_two_seconds_are_left_for_sigterm(make_pod: MakePod) -> None:
    script = Script(make_pod({"lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}))
    script.started()
    script.deleted(5)
    assert script.wait(5.0) == [Signal("main", SIGTERM)]
    assert script.wait(1.9) == []
    assert script.wait(0.1) == [Signal("main", SIGKILL)]


def test_a_second_deletion_can_only_shorten_the_grace(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started()
    script.deleted(30)
    assert script.deleted(60) == []
    assert script.deleted(0) == [Signal("main", SIGKILL)]


def test_no_grace_is_sigkill_at_once(make_pod: MakePod) -> None:
    script = Script(make_pod({"lifecycle": {"preStop": {"sleep": {"seconds": 2}}}}))
    script.started()
    assert Signal("main", SIGKILL) in script.deleted(0)


def test_deletion_while_starting_kills_what_comes(make_pod: MakePod) -> None:
    script = Script(make_pod())
    assert script.deleted() == []
    assert script.started() == [Signal("main", SIGKILL)]
    assert script.ended(137) == [Remove()]


def test_deletion_in_back_off_removes_at_once(make_pod: MakePod) -> None:
    script = Script(make_pod())
    for _ in range(2):
        script.started()
        script.ended(1)
    assert script.deleted() == [Remove()]
    assert script.wait(100) == []


def test_a_pod_is_removed_once_and_when_its_last_container_ended(make_pod: MakePod) -> None:
    script = Script(make_pod({}, {"name": "side"}))
    script.started()
    script.life.handle(Started("side", 43, AT), script.now)
    script.deleted()
    assert script.ended(0) == []
    assert script.life.handle(Ended("side", 0, "", AT), script.now) == [Remove()]
    assert script.deleted() == []


def test_restart_counts_are_kept_over_a_restart_of_the_lab(make_object: Callable[..., dict[str, Any]]) -> None:
    from gatelab.kinds.views import view

    pod = make_object()
    pod["status"] = {"containerStatuses": [{"name": "main", "restartCount": 3}]}
    assert Script(view(Pod, pod)).first == [Start("main", 3)]


def test_the_status_of_a_pod_on_its_way_up(make_pod: MakePod) -> None:
    script = Script(make_pod({"readinessProbe": TCP}))
    assert script.status()["phase"] == "Pending"
    script.started()
    status = script.status()
    assert status["phase"] == "Running"
    assert status["podIP"] == "127.26.1.1"
    assert status["hostIP"] == "127.26.0.1"
    assert status["startTime"] == "2026-01-02T03:04:05Z"
    ready = next(each for each in status["conditions"] if each["type"] == "Ready")
    assert ready == {
        "type": "Ready",
        "status": "False",
        "reason": "ContainersNotReady",
        "message": "containers with unready status: [main]",
        "lastTransitionTime": "2026-01-02T03:04:05Z",
    }
    script.probed("readiness", True)
    conditions = {each["type"]: each["status"] for each in script.status()["conditions"]}
    assert conditions == {
        "PodScheduled": "True",
        "Initialized": "True",
        "PodReadyToStartContainers": "True",
        "ContainersReady": "True",
        "Ready": "True",
    }


def test_the_status_of_a_container_shows_now_and_before(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started(41)
    script.ended(3)
    script.started(42)
    (container,) = script.status()["containerStatuses"]
    assert container["restartCount"] == 1
    assert container["state"] == {"running": {"startedAt": "2026-01-02T03:04:05Z"}}
    assert container["lastState"]["terminated"]["exitCode"] == 3
    assert container["lastState"]["terminated"]["containerID"] == "process://41"
    assert container["containerID"] == "process://42"
    assert container["imageID"] == "docker.io/library/test:1"


def test_a_status_that_is_computed_again_is_the_same(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.started()
    first = script.status()
    later = datetime(2027, 1, 1, tzinfo=UTC)
    pod = {"metadata": {}, "spec": {}, "status": first}
    assert pod_status(pod, script.life, node_address="127.26.0.1", now=later) == first
