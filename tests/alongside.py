"""Something that goes on, in a thread of its own, for as long as a block lasts."""

import asyncio
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

TIMEOUT_S = 20.0


class Alongside(ABC):
    """`run` goes on beside the block until `over` is set, at its end; it is to look, and to end within `TIMEOUT_S`."""

    def __init__(self, name: str) -> None:
        self.over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.run()), name=name)

    @abstractmethod
    async def run(self) -> None: ...

    @abstractmethod
    def begun(self) -> None:
        """Waits until it is under way; the block begins then."""

    def __enter__(self) -> Self:
        self._thread.start()
        self.begun()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.over.set()
        self._thread.join(2 * TIMEOUT_S)
        assert not self._thread.is_alive()
