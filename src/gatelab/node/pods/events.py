"""What happens to a pod, and what shall be done about it: the two languages of `lifecycle`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gatelab.node.pods.probes import Outcome

ProbeKind = Literal["startup", "readiness", "liveness"]
HookKind = Literal["postStart", "preStop"]


@dataclass(frozen=True, slots=True)
class Started:
    """A container runs. `at` is the wall clock, for the status."""

    container: str
    pid: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A container could not be started.

    `reason` is ErrImagePull, InvalidImageName, CreateContainerConfigError or StartError.
    """

    container: str
    reason: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A container's program exited."""

    container: str
    exit_code: int
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe was answered; `attempt` tells it from one of an earlier run."""

    container: str
    kind: ProbeKind
    attempt: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Hooked:
    """A lifecycle hook of the container is done; `attempt` as in Probed."""

    container: str
    hook: HookKind
    attempt: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delete:
    """The pod shall go, within `grace_s`."""

    grace_s: float


Event = Started | NotStarted | Ended | Probed | Hooked | Delete


@dataclass(frozen=True, slots=True)
class Start:
    """Start the container; `attempt` is its restart count."""

    container: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Signal the container's process group."""

    container: str
    number: int


@dataclass(frozen=True, slots=True)
class SendProbe:
    """Probe the container."""

    container: str
    kind: ProbeKind
    attempt: int


@dataclass(frozen=True, slots=True)
class RunHook:
    """Run a hook of the container (exec or httpGet; sleeping is a matter of the clock)."""

    container: str
    hook: HookKind
    attempt: int


@dataclass(frozen=True, slots=True)
class Note:
    """A step in the life of the pod or of one container, for its Events. Reasons and messages are the kubelet's."""

    reason: str
    message: str
    container: str = ""


@dataclass(frozen=True, slots=True)
class Warn:
    """Something that a user should find among the pod's Events."""

    reason: str
    message: str
    container: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """Nothing of the pod runs any more: delete the object for good."""


Command = Start | Signal | SendProbe | RunHook | Note | Warn | Remove
