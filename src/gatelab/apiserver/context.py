"""What the handlers of requests work with."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gatelab.apiserver.registry import Registry
from gatelab.store import Store
from gatelab.telemetry import Reading


class LogSource(Protocol):
    """Where the logs of containers are."""

    def stream(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool,
        previous: bool,
        tail_lines: int | None,
        since_s: float | None,
        timestamps: bool,
        limit_bytes: int | None,
    ) -> AsyncIterator[bytes]:
        """The container's log, in pieces. With `follow` it ends when the container does.

        Raises NotFound when there is none; `previous` asks for the run before the last restart.
        """
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """The store and what stands around it."""

    store: Store
    logs: LogSource
    clock: Callable[[], datetime]
    registry: Registry
    """What is served: ask it, through the request's Target, and not `kinds.builtin` or `catalogue`."""
    metrics: Callable[[], Iterable[Reading]] = tuple
    """What the process counts, for `/metrics`."""
    node_socket: Path | None = None
    """Where the node's agent answers `nodes/proxy`, if there is one."""
