"""The runtime's promises to controllers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from fake_cluster import FakeCluster
from gatelab.kinds.builtin import CONFIG_MAP, SECRET
from gatelab.kinds.errors import Conflict, Unavailable
from gatelab.kinds.objects import Key, Object
from gatelab.reconcile import Mirrors, Runtime, Watches

Beside = Callable[[Coroutine[Any, Any, None]], AbstractAsyncContextManager[None]]


def named(name: str, **more: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "n"}, **more}


class Recording:
    """A controller of ConfigMaps that does what it is given, and tells of every call."""

    def __init__(self, do: Callable[[Key], Awaitable[float | None]] | None = None, name: str = "recording") -> None:
        self.name = name
        self.calls: asyncio.Queue[Key] = asyncio.Queue()
        self.do = do
        self.watched: Sequence[Watches] = (Watches(CONFIG_MAP),)
        self.mirrors: Mirrors | None = None

    def watches(self) -> Sequence[Watches]:
        return self.watched

    async def start(self, mirrors: Mirrors) -> None:
        self.mirrors = mirrors

    async def reconcile(self, key: Key) -> float | None:
        self.calls.put_nowait(key)
        return await self.do(key) if self.do else None


async def test_what_is_there_and_what_changes_is_reconciled(cluster: FakeCluster, beside: Beside) -> None:
    await cluster.create(CONFIG_MAP, named("a"))
    controller = Recording()
    runtime = Runtime(cluster, [controller])
    async with beside(runtime.run()):
        assert await controller.calls.get() == Key("n", "a")
        await cluster.create(CONFIG_MAP, named("b"))
        assert await controller.calls.get() == Key("n", "b")
        await cluster.delete(CONFIG_MAP, Key("n", "b"))
        assert await controller.calls.get() == Key("n", "b")
        assert runtime.mirrors.of(CONFIG_MAP).get(Key("n", "b")) is None


async def test_every_mirror_is_synced_before_the_start(cluster: FakeCluster, beside: Beside) -> None:
    await cluster.create(SECRET, named("s"))
    seen: list[Object | None] = []

    class Reading(Recording):
        async def start(self, mirrors: Mirrors) -> None:
            seen.append(mirrors.of(SECRET).get(Key("n", "s")))
            self.calls.put_nowait(Key("", "started"))

    controller = Reading()
    controller.watched = (Watches(CONFIG_MAP), Watches(SECRET, lambda _: ()))
    async with beside(Runtime(cluster, [controller]).run()):
        await controller.calls.get()
    assert seen[0] is not None


async def test_controllers_share_one_watch_a_kind(cluster: FakeCluster, beside: Beside) -> None:
    controllers = [Recording(name="one"), Recording(name="two")]
    runtime = Runtime(cluster, controllers)
    async with beside(runtime.run()):
        await runtime.wait_synced()
        await cluster.create(CONFIG_MAP, named("a"))
        for controller in controllers:
            await controller.calls.get()
    assert cluster.watches_started == 1


async def test_a_key_is_never_reconciled_twice_at_once_and_comes_again(cluster: FakeCluster, beside: Beside) -> None:
    gate = asyncio.Event()
    at_once: list[int] = []
    running = 0

    async def slow(_: Key) -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        await gate.wait()
        running -= 1

    await cluster.create(CONFIG_MAP, named("a"))
    controller = Recording(slow)
    async with beside(Runtime(cluster, [controller]).run()):
        await controller.calls.get()
        for value in ("1", "2", "3"):
            await cluster.patch(CONFIG_MAP, Key("n", "a"), {"data": {"k": value}})
        await cluster.create(CONFIG_MAP, named("b"))
        assert await controller.calls.get() == Key("n", "b"), "another key runs in parallel"
        gate.set()
        assert await controller.calls.get() == Key("n", "a"), "changed while it ran: once more"
        await cluster.create(CONFIG_MAP, named("c"))
        assert await controller.calls.get() == Key("n", "c"), "three changes are one more run"
    assert max(at_once) == 2


async def test_what_an_object_leaves_is_looked_at_too(cluster: FakeCluster, beside: Beside) -> None:
    controller = Recording()
    controller.watched = (Watches(CONFIG_MAP, lambda obj: (Key("n", obj["data"]["belongs"]),)),)
    await cluster.create(CONFIG_MAP, named("a", data={"belongs": "old"}))
    async with beside(Runtime(cluster, [controller]).run()):
        await controller.calls.get()
        await cluster.patch(CONFIG_MAP, Key("n", "a"), {"data": {"belongs": "new"}})
        assert {await controller.calls.get(), await controller.calls.get()} == {Key("n", "old"), Key("n", "new")}


async def test_a_bug_is_logged_and_stops_nobody(
    cluster: FakeCluster, beside: Beside, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([ValueError("a bug"), Conflict("stale"), Unavailable("down")])

    async def fail_thrice(_: Key) -> None:
        if error := next(failures, None):
            raise error

    broken, sound = Recording(fail_thrice, "broken"), Recording(name="sound")
    await cluster.create(CONFIG_MAP, named("a"))
    with caplog.at_level(logging.WARNING):
        async with beside(Runtime(cluster, [broken, sound]).run()):
            await sound.calls.get()
            for _ in range(4):
                await broken.calls.get()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert caplog.records[0].exc_info is not None
    assert "down" in caplog.records[1].getMessage()


async def test_a_key_comes_again_after_the_time_it_asked_for(cluster: FakeCluster, beside: Beside) -> None:
    answers = iter([0.01, None])

    async def ask(_: Key) -> float | None:
        return next(answers)

    controller = Recording(ask)
    await cluster.create(CONFIG_MAP, named("a"))
    async with beside(Runtime(cluster, [controller]).run()):
        await controller.calls.get()
        await controller.calls.get()


async def test_a_watch_that_ends_or_fails_is_started_again(
    cluster: FakeCluster, beside: Beside, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.watch_failures = [RuntimeError("odd")]
    controller = Recording()
    await cluster.create(CONFIG_MAP, named("a"))
    async with beside(Runtime(cluster, [controller]).run()):
        await controller.calls.get()
        await cluster.delete(CONFIG_MAP, Key("n", "a"))
        await controller.calls.get()
        cluster.end_watches()
        await cluster.create(CONFIG_MAP, named("b"))
        assert await controller.calls.get() == Key("n", "b"), "seen by the new watch's first state"
    messages = [record.getMessage() for record in caplog.records]
    assert any("failed" in each for each in messages)
    assert any("ended" in each for each in messages)


async def test_a_controller_that_cannot_start_is_tried_again(
    cluster: FakeCluster, beside: Beside, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    class Reluctant(Recording):
        async def start(self, mirrors: Mirrors) -> None:
            attempts.append(1)
            if len(attempts) < 3:
                raise Unavailable("not yet") if len(attempts) == 1 else ValueError("a bug")

    await cluster.create(CONFIG_MAP, named("a"))
    controller = Reluctant()
    async with beside(Runtime(cluster, [controller]).run()):
        await controller.calls.get()
    assert len(attempts) == 3


async def test_debounced_changes_of_a_key_are_one_run(cluster: FakeCluster, beside: Beside) -> None:
    controller = Recording()
    runtime = Runtime(cluster, [controller], debounce_s=0.02)
    async with beside(runtime.run()):
        await runtime.wait_synced()
        await cluster.create(CONFIG_MAP, named("a"))
        for value in ("1", "2"):
            await cluster.patch(CONFIG_MAP, Key("n", "a"), {"data": {"k": value}})
        await controller.calls.get()
        await cluster.create(CONFIG_MAP, named("b"))
        assert await controller.calls.get() == Key("n", "b")
