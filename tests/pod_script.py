"""A pod's life by its script: events and times in, commands out, with the clock in the test's hands."""

from datetime import UTC, datetime
from typing import Any

from gatelab.kinds.pods import Pod
from gatelab.node.pods.containers import ContainerRun
from gatelab.node.pods.events import (
    Command,
    Delete,
    Ended,
    Hooked,
    HookKind,
    Note,
    NotStarted,
    Probed,
    ProbeKind,
    Started,
    Warn,
)
from gatelab.node.pods.lifecycle import PodLifecycle
from gatelab.node.pods.probes import Outcome
from gatelab.node.pods.status import pod_status

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Script:
    """A lifecycle with its clock in our hands. What is not said to be of another container is of `main`."""

    def __init__(self, pod: Pod, *, age_s: float = 0.0) -> None:
        self.pod = pod
        self.life = PodLifecycle(pod, "127.26.1.1")
        self.now = 1000.0
        self.first = self.life.start(self.now, age_s=age_s)

    @property
    def main(self) -> Any:
        return self.life.containers["main"]

    def run(self, name: str) -> ContainerRun:
        return self.life.containers[name]

    def started(self, pid: int = 42, name: str = "main") -> list[Command]:
        return self.life.handle(Started(name, pid, AT), self.now)

    def ended(self, code: int = 0, name: str = "main") -> list[Command]:
        return self.life.handle(Ended(name, code, "", AT), self.now)

    def not_started(self, reason: str, message: str = "why", name: str = "main") -> list[Command]:
        return self.life.handle(NotStarted(name, reason, message, AT), self.now)

    def probed(self, kind: ProbeKind, ok: bool, message: str = "no", name: str = "main") -> list[Command]:
        outcome = Outcome(ok, "" if ok else message)
        return self.life.handle(Probed(name, kind, self.run(name).restart_count, outcome), self.now)

    def hooked(self, hook: HookKind, ok: bool = True, name: str = "main") -> list[Command]:
        outcome = Outcome(ok, "" if ok else "no")
        return self.life.handle(Hooked(name, hook, self.run(name).restart_count, outcome), self.now)

    def deleted(self, grace_s: float = 30) -> list[Command]:
        return self.life.handle(Delete(grace_s), self.now)

    def wait(self, seconds: float) -> list[Command]:
        self.now += seconds
        return self.life.tick(self.now)

    def status(self, pod: dict[str, Any] | None = None) -> dict[str, Any]:
        return pod_status(pod or {"metadata": {}, "spec": {}}, self.life, node_address="127.26.0.1", now=AT)

    def condition(self, type_: str, pod: dict[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self.status(pod)["conditions"] if each["type"] == type_)
        return found


def done(commands: list[Command]) -> list[Command]:
    """Without what is only told."""
    return [each for each in commands if not isinstance(each, Note | Warn)]
