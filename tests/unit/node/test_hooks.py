"""postStart and preStop in a container's life, and what is shown of images that have no program."""

from collections.abc import Callable
from signal import SIGKILL, SIGTERM, SIGUSR1
from typing import Any

import pytest

from gatelab.kinds.pods import Pod
from gatelab.node.pods.backoff import go_duration
from gatelab.node.pods.events import Note, RunHook, SendProbe, Signal, Start, Warn
from gatelab.node.pods.image_names import InvalidImageName, check_image_name
from gatelab.node.pods.states import Running, Waiting
from pod_script import AT, Script, done

MakePod = Callable[..., Pod]
EXEC: dict[str, Any] = {"exec": {"command": ["true"]}}
TCP = {"tcpSocket": {"port": 80}}


def hooks(**handlers: Any) -> dict[str, Any]:
    return {"lifecycle": handlers}


def test_a_container_is_not_running_before_its_post_start_has_ended(make_pod: MakePod) -> None:
    script = Script(make_pod(hooks(postStart=EXEC) | {"readinessProbe": TCP}, {"name": "second"}))
    assert script.started() == [RunHook("main", "postStart", 0)]
    assert script.main.state == Waiting("ContainerCreating")
    assert script.status()["phase"] == "Pending"
    assert script.life.due_at is None
    assert script.hooked("postStart") == [SendProbe("main", "readiness", 0), Start("second", 0)]
    assert script.main.state == Running(42, AT)


def test_post_start_may_sleep(make_pod: MakePod) -> None:
    script = Script(make_pod(hooks(postStart={"sleep": {"seconds": 3}})))
    assert script.started() == []
    assert script.wait(2.9) == []
    assert not script.main.is_ready
    script.wait(0.1)
    assert script.main.is_ready


def test_a_post_start_that_fails_kills_the_container(make_pod: MakePod) -> None:
    script = Script(make_pod(hooks(postStart=EXEC)))
    script.started()
    assert script.hooked("postStart", False) == [
        Warn("FailedPostStartHook", "PostStartHook failed: no", "main"),
        Note("Killing", "FailedPostStartHook", "main"),
        Signal("main", SIGTERM),
    ]
    assert not script.main.is_ready
    assert script.ended(143) == [Start("main", 1)]


def test_the_end_of_a_hook_of_an_earlier_run_is_ignored(make_pod: MakePod) -> None:
    script = Script(make_pod(hooks(postStart=EXEC)))
    script.started()
    script.ended(1)
    assert script.hooked("postStart", False) == []


def test_pre_stop_runs_before_sigterm_and_its_failure_is_told(make_pod: MakePod) -> None:
    script = Script(make_pod(hooks(preStop=EXEC)))
    script.started()
    assert done(script.deleted(30)) == [RunHook("main", "preStop", 0)]
    assert script.wait(10) == []
    failed = Warn("FailedPreStopHook", "PreStopHook failed: no", "main")
    assert script.hooked("preStop", False) == [failed, Signal("main", SIGTERM)]
    assert script.wait(19.9) == []
    assert script.wait(0.1) == [Signal("main", SIGKILL)]


def test_a_pre_stop_that_hangs_is_left_when_the_grace_is_over(make_pod: MakePod) -> None:
    script = Script(make_pod(hooks(preStop=EXEC)))
    script.started()
    script.deleted(5)
    assert script.life.due_at == script.now + 5
    assert script.wait(5) == [Signal("main", SIGTERM)]
    assert script.wait(2) == [Signal("main", SIGKILL)]


def test_a_container_may_ask_for_another_signal_than_sigterm(make_pod: MakePod) -> None:
    script = Script(make_pod({"lifecycle": {"stopSignal": "SIGUSR1"}}))
    script.started()
    assert done(script.deleted(5)) == [Signal("main", SIGUSR1)]
    assert script.wait(5) == [Signal("main", SIGKILL)]


def test_a_failed_liveness_probe_runs_pre_stop_and_has_its_own_grace(make_pod: MakePod) -> None:
    probe = {**TCP, "periodSeconds": 1, "failureThreshold": 1, "terminationGracePeriodSeconds": 4}
    script = Script(make_pod(hooks(preStop=EXEC) | {"livenessProbe": probe}))
    script.started()
    assert done(script.probed("liveness", False)) == [RunHook("main", "preStop", 0)]
    script.hooked("preStop")
    assert script.wait(4) == [Signal("main", SIGKILL)]


def test_without_one_of_its_own_a_probe_has_the_grace_of_the_pod(make_pod: MakePod) -> None:
    probe = {**TCP, "periodSeconds": 1, "failureThreshold": 1}
    script = Script(make_pod({"livenessProbe": probe}, terminationGracePeriodSeconds=7))
    script.started()
    script.probed("liveness", False)
    assert script.wait(6.9) == []
    assert script.wait(0.1) == [Signal("main", SIGKILL)]


def test_a_missing_image_is_pulled_and_backed_off_in_turn(make_pod: MakePod) -> None:
    script = Script(make_pod())
    shown: list[tuple[float, str]] = []
    for _ in range(80):
        script.not_started("ErrImagePull")
        if not shown or shown[-1][1] != script.main.state.reason:
            shown.append((script.now - 1000, script.main.state.reason))
        assert done(script.wait(1.0)) == [Start("main", 0)]
    assert shown == [
        (0, "ErrImagePull"),
        (1, "ImagePullBackOff"),
        (10, "ErrImagePull"),
        (11, "ImagePullBackOff"),
        (30, "ErrImagePull"),
        (31, "ImagePullBackOff"),
        (70, "ErrImagePull"),
        (71, "ImagePullBackOff"),
    ]
    assert script.main.state.message == 'Back-off pulling image "test:1": ErrImagePull: why'


def test_a_pull_that_fails_is_told_when_it_changes_and_not_once_a_second(make_pod: MakePod) -> None:
    script = Script(make_pod())
    script.not_started("ErrImagePull")
    assert script.not_started("ErrImagePull") == [
        Note("BackOff", 'Back-off pulling image "test:1"', "main"),
        Warn("Failed", "Error: ImagePullBackOff", "main"),
    ]
    assert script.not_started("ErrImagePull") == []
    assert len(script.not_started("ErrImagePull", "another cause")) == 2
    assert script.main.state == Waiting("ErrImagePull", "another cause")


def test_what_is_told_of_the_whole_pod_is_not_told_of_its_container_too(make_pod: MakePod) -> None:
    script = Script(make_pod(initContainers=[{"name": "a"}]))
    assert script.not_started("ContainerCreating", "", name="a") == []
    assert script.run("a").state == Waiting("PodInitializing")
    assert script.wait(1.0) == [Start("a", 0)]


def test_durations_are_gos() -> None:
    assert [go_duration(each) for each in (10, 80, 160, 300)] == ["10s", "1m20s", "2m40s", "5m0s"]


@pytest.mark.parametrize(
    "name", ["nginx", "nginx:1.27", "ghcr.io/a/b-c/d__e:v1", "localhost:5000/x", "a@sha256:" + "0" * 64, "A.io/b"]
)
def test_names_of_images(name: str) -> None:
    check_image_name(name)


@pytest.mark.parametrize("name", ["", "Nginx", "a b", "nginx:", "/x", "a//b", "a:b:c", "a@sha256:0"])
def test_what_is_no_name_of_an_image(name: str) -> None:
    with pytest.raises(InvalidImageName, match="couldn't parse image name"):
        check_image_name(name)
