"""A LogSource with one log, of which the questions are kept."""

from collections.abc import AsyncIterator
from typing import Any

from gatelab.kinds.errors import NotFound


class FakeLogs:
    """Every container has written two lines. With `missing`, none has written any."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.missing = False

    async def stream(self, namespace: str, pod: str, container: str, **options: Any) -> AsyncIterator[bytes]:
        self.asked.append({"namespace": namespace, "pod": pod, "container": container, **options})
        if self.missing:
            raise NotFound(f'previous terminated container "{container}" in pod "{pod}" not found')
        yield b"one\n"
        yield b"two\n"
