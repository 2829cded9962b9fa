"""What is said while an experiment waits."""

from gatelab.experiment.waiting import EVERY_S, FIRST_S, Waiting


def test_a_short_wait_is_not_worth_a_word_and_a_long_one_says_why_now_and_then() -> None:
    now = 1000.0
    said: list[str] = []
    waiting = Waiting("an OK of shop.test:443", said.append, clock=lambda: now)
    now += FIRST_S - 1
    waiting.because("connection refused")
    assert said == []
    now += 1
    waiting.because("connection refused")
    now += EVERY_S - 1
    waiting.because("no such host")
    assert said == ["still waiting for an OK of shop.test:443: connection refused"]
    now += 1
    waiting.because("no such host")
    assert said[1:] == ["still waiting for an OK of shop.test:443: no such host"]
