"""Programs of the lab itself come back: at once, and more slowly when they keep ending."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatelab.node import residents
from gatelab.node.keeper.client import Exited, Notice, Spawned, SpawnFailed
from gatelab.node.residents import Resident


class FakeKeeper:
    """Remembers what was spawned; the test says what becomes of it."""

    def __init__(self) -> None:
        self.spawned: list[str] = []
        self.tell: Callable[[Notice], None] = lambda _: None

    def spawn(self, id_: str, argv: Any, *, on_notice: Callable[[Notice], None], stdout: int, **_: Any) -> None:
        self.spawned.append(id_)
        self.tell = on_notice
        os.write(stdout, f"{id_}\n".encode())


class Stage:
    def __init__(self, log: Path) -> None:
        self.now = 100.0
        self.delays: list[float] = []
        self.keeper = FakeKeeper()
        keeper: Any = self.keeper
        self.resident = Resident("part", ["part"], env={}, log=log, keeper=keeper, clock=lambda: self.now)
        self.resident.later = self._later

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        self.delays.append(delay_s)
        self.now += delay_s
        call()

    def ends_after(self, seconds: float) -> None:
        self.now += seconds
        self.keeper.tell(Exited(1))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path / "part.log")
    made.resident.start()
    return made


def test_it_is_started_again_at_once(stage: Stage) -> None:
    pids = [stage.resident.pid]
    stage.keeper.tell(Spawned(7))
    pids.append(stage.resident.pid)
    stage.ends_after(60)
    assert [*pids, stage.resident.pid] == [None, 7, None]
    assert stage.delays == [0.0]
    assert stage.keeper.spawned == ["part/1", "part/2"]
    assert stage.resident.last_words() == "part/1\npart/2"


def test_one_that_keeps_ending_is_started_more_and_more_slowly_until_it_stays(stage: Stage) -> None:
    for _ in range(7):
        stage.ends_after(0.1)
    assert stage.delays == [0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 5.0]
    stage.ends_after(60)
    stage.ends_after(0.1)
    assert stage.delays[-2:] == [0.0, 0.0]


def test_one_that_cannot_be_started_is_tried_again(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.keeper.tell(SpawnFailed(2))
    assert len(stage.keeper.spawned) == 2
    stage.keeper.tell(Exited(9))
    assert "part could not be started (No such file or directory): starting it again in 0.0 s" in caplog.text
    assert "part ended with exit code 137: starting it again in 0.1 s" in caplog.text


def test_when_the_lab_stops_it_stays_down(stage: Stage) -> None:
    stage.resident.later = None
    stage.ends_after(60)
    assert stage.keeper.spawned == ["part/1"]


def test_its_log_does_not_grow_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residents, "_LOG_LIMIT", 3)
    stage.ends_after(60)
    assert stage.resident.last_words() == "part/2"
    assert stage.resident.log.with_name("part.log.1").read_text() == "part/1\n"


def test_the_log_of_one_that_runs_is_copied_aside_and_emptied(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    log = stage.resident.log
    stage.resident.trim_log()
    assert log.read_text() == "part/1\n", "as long as it is small"
    monkeypatch.setattr(residents, "_LOG_LIMIT", 3)
    with log.open("a") as program:
        stage.resident.trim_log()
        program.write("more\n")
    assert log.read_text() == "more\n"
    assert log.with_name("part.log.1").read_text() == "part/1\n"
    assert stat.S_IMODE(log.with_name("part.log.1").stat().st_mode) == 0o600


def test_its_last_words_are_for_people(stage: Stage) -> None:
    line = {"time": "2026-01-01T00:00:00.000Z", "level": "error", "logger": "x", "message": "no", "exception": "a\nb"}
    with stage.resident.log.open("a") as log:
        log.write(json.dumps(line) + "\nplain\n")
    assert stage.resident.last_words() == "part/1\nERROR x: no\na\nb\nplain"
    assert stage.resident.last_words(2) == "b\nplain"


def test_its_last_words_are_not_those_of_an_earlier_run_of_the_lab(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("long ago\n")
    stage = Stage(log)
    stage.resident.start()
    stage.ends_after(0)
    assert stage.resident.last_words() == "part/1\npart/2"
