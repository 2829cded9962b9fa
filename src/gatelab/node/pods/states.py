"""What a container's status shows: it waits, runs, or has ended (core/v1 ContainerState)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Terminated:
    exit_code: int
    reason: str
    message: str
    started: datetime
    finished: datetime
    pid: int = 0


State = Waiting | Running | Terminated
