"""Any pod, whatever happens: one run of a container at a time, init containers first, and an end when asked."""

from signal import SIGKILL, SIGTERM
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.node.pods.events import Command, Probed, Remove, RunHook, SendProbe, Signal, Start
from gatelab.node.pods.probes import Outcome
from pod_script import Script

PROBE = {"exec": {"command": ["x"]}, "periodSeconds": 3, "failureThreshold": 2}
HOOKS: list[dict[str, Any]] = [{}, {"exec": {"command": ["x"]}}, {"sleep": {"seconds": 4}}]
REASONS = ("ErrImagePull", "CreateContainerConfigError", "InvalidImageName", "StartError")

Being = Literal["ordered", "runs", "told", "killed"]


@st.composite
def containers(draw: st.DrawFn, prefix: str, least: int, *, sidecars: bool) -> list[dict[str, Any]]:
    made = []
    for index in range(draw(st.integers(least, 2))):
        hooks = {name: draw(st.sampled_from(HOOKS)) for name in ("postStart", "preStop")}
        container = {"name": f"{prefix}{index}", "lifecycle": {name: hook for name, hook in hooks.items() if hook}}
        is_sidecar = sidecars and draw(st.booleans())
        if is_sidecar:
            container["restartPolicy"] = "Always"
        if is_sidecar or not sidecars:
            container |= {kind: PROBE for kind in ("startupProbe", "livenessProbe") if draw(st.booleans())}
        made.append(container)
    return made


class PodLives(RuleBasedStateMachine):
    """A worker that does what it is told to, and a world in which anything happens next."""

    @initialize(
        inits=containers("init", 0, sidecars=True),
        mains=containers("main", 1, sidecars=False),
        policy=st.sampled_from(["Always", "OnFailure", "Never"]),
        deadline=st.sampled_from([None, 60]),
    )
    def begin(self, inits: list[Any], mains: list[Any], policy: str, deadline: int | None) -> None:
        spec = {
            "initContainers": inits,
            "containers": mains,
            "restartPolicy": policy,
            "activeDeadlineSeconds": deadline,
        }
        self.plain = {each["name"] for each in inits if "restartPolicy" not in each}
        self.mains = {each["name"] for each in mains}
        self.beings: dict[str, Being] = {}
        self.asked: list[SendProbe | RunHook] = []
        self.completed: set[str] = set()
        self.removals = 0
        self.is_deleted = False
        self.script = Script(view(Pod, {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec}))
        self.obey(self.script.first)

    def obey(self, commands: list[Command]) -> None:
        for command in commands:
            assert not self.removals, f"{command} after the removal"
            match command:
                case Start(name):
                    assert name not in self.beings, "two runs of one container"
                    assert not self.is_deleted, "started after the deletion"
                    assert name not in self.mains or self.completed == self.plain, "a container before its time"
                    self.beings[name] = "ordered"
                case Signal(name, number):
                    assert number in (SIGTERM, SIGKILL)
                    assert self.beings[name] != "killed", "signalled twice"
                    self.beings[name] = "killed" if number == SIGKILL else "told"
                case SendProbe() | RunHook():
                    self.asked.append(command)
                case Remove():
                    assert not self.beings, "removed while something runs"
                    assert self.is_deleted
                    self.removals += 1

    def has(self, *beings: Being) -> bool:
        return any(being in beings for being in self.beings.values())

    def pick(self, data: st.DataObject, *beings: Being) -> str:
        names = sorted(name for name, being in self.beings.items() if being in beings)
        return data.draw(st.sampled_from(names))

    @precondition(lambda self: self.has("ordered"))
    @rule(data=st.data())
    def starts(self, data: st.DataObject) -> None:
        name = self.pick(data, "ordered")
        self.beings[name] = "runs"
        self.obey(self.script.started(name=name))

    @precondition(lambda self: self.has("ordered"))
    @rule(data=st.data(), reason=st.sampled_from(REASONS))
    def cannot_start(self, data: st.DataObject, reason: str) -> None:
        name = self.pick(data, "ordered")
        del self.beings[name]
        self.obey(self.script.not_started(reason, name=name))

    @precondition(lambda self: self.has("runs", "told", "killed"))
    @rule(data=st.data(), code=st.sampled_from([0, 1, 137]))
    def ends(self, data: st.DataObject, code: int) -> None:
        name = self.pick(data, "runs", "told", "killed")
        del self.beings[name]
        if code == 0 and name in self.plain:
            self.completed.add(name)
        self.obey(self.script.ended(code, name=name))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), ok=st.booleans())
    def is_answered(self, data: st.DataObject, ok: bool) -> None:
        """Late answers too: of containers that have ended since."""
        asked = self.asked.pop(data.draw(st.integers(0, len(self.asked) - 1)))
        if isinstance(asked, RunHook):
            self.obey(self.script.hooked(asked.hook, ok, name=asked.container))
        else:
            event = Probed(asked.container, asked.kind, asked.attempt, Outcome(ok, "" if ok else "no"))
            self.obey(self.script.life.handle(event, self.script.now))

    @rule(seconds=st.sampled_from([0.02, 1.0, 3.0, 10.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.obey(self.script.wait(seconds))

    @rule(grace_s=st.sampled_from([0, 1, 30]))
    def is_deleted_with(self, grace_s: float) -> None:
        self.is_deleted = True
        self.obey(self.script.deleted(grace_s))

    @invariant()
    def its_status_can_be_told(self) -> None:
        status = self.script.status()
        assert status["phase"] in ("Pending", "Running", "Succeeded", "Failed")
        if status["phase"] in ("Succeeded", "Failed"):
            assert not self.beings
        assert self.script.life.due_at is None or self.script.life.due_at > self.script.now - 0.001

    def teardown(self) -> None:
        """Deleted at last, everything ends within its grace, and the pod is removed once."""
        if not hasattr(self, "script"):
            return
        self.is_deleted_with(30)
        for _ in range(100):
            for name, being in list(self.beings.items()):
                if being == "ordered":
                    self.beings[name] = "runs"
                    self.obey(self.script.started(name=name))
                elif being == "killed":
                    del self.beings[name]
                    self.obey(self.script.ended(137, name=name))
            if self.removals:
                break
            due_at = self.script.life.due_at
            self.obey(self.script.wait(0.0 if due_at is None else max(0.0, due_at - self.script.now)))
        assert self.removals == 1
        assert not self.beings


TestPodLives = PodLives.TestCase
TestPodLives.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
