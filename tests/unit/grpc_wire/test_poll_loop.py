"""The backends' loop and its exact timers."""

import select
import socket
import threading
import time

import pytest

from gatelab.grpc_wire.poll_loop import READ, PollLoop
from gatelab.grpc_wire.timerfd import TimerFd

needs_timerfd = pytest.mark.skipif(not TimerFd.available(), reason="timerfd is Linux's")


@needs_timerfd
def test_an_alarm_is_readable_from_its_moment_until_it_is_read() -> None:
    alarm = TimerFd()
    at_ns = time.monotonic_ns() + 3_000_000
    alarm.arm(at_ns)
    assert select.select([alarm.fd], [], [], 5)[0]
    assert time.monotonic_ns() >= at_ns
    alarm.read()
    alarm.read()
    assert not select.select([alarm.fd], [], [], 0)[0]
    alarm.arm(1)
    assert select.select([alarm.fd], [], [], 5)[0]
    alarm.disarm()
    assert not select.select([alarm.fd], [], [], 0)[0]
    alarm.close()


def test_timers_fire_in_order_and_never_early() -> None:
    loop = PollLoop()
    fired: list[tuple[int, int]] = []
    begun_ns = time.monotonic_ns()
    for delay_us in (900, 100, 5000, 100, 0, 2500):
        at_ns = begun_ns + delay_us * 1000
        loop.call_at(at_ns, lambda at_ns=at_ns: fired.append((at_ns, time.monotonic_ns())))  # type: ignore[misc]
    loop.call_at(begun_ns + 6_000_000, loop.stop)
    loop.run()
    assert [at_ns for at_ns, _ in fired] == sorted(begun_ns + us * 1000 for us in (900, 100, 5000, 100, 0, 2500))
    assert all(now_ns >= at_ns for at_ns, now_ns in fired)


def test_a_timer_that_has_fired_does_not_keep_the_loop_awake() -> None:
    loop = PollLoop()
    reader, writer = socket.socketpair()
    turns: list[int] = []
    loop.watch(reader.fileno(), READ, lambda _events: loop.stop())
    poll = loop._poller.poll

    def counted(timeout: float | None = None) -> list[tuple[int, int]]:
        turns.append(1)
        return poll(timeout)

    loop._poller = type("Counted", (), {"poll": staticmethod(counted), "unregister": loop._poller.unregister})()
    loop.call_at(time.monotonic_ns() + 1_000_000, lambda: None)
    timer = threading.Timer(0.05, writer.send, (b"x",))
    timer.start()
    loop.run()
    timer.join()
    assert len(turns) <= 4
    reader.close()
    writer.close()
