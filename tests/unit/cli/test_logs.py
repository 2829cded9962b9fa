"""`gatelab logs`: several logs as one, by time, from the files that a lab writes."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatelab.cli.logs.reader import Reader
from gatelab.cli.logs.sources import Source
from gatelab.cli.main import main
from gatelab.node.claims import lock
from gatelab.node.logs.cri import encode
from gatelab.node.place import LabPlace
from gatelab.telemetry.read_lines import stamp_of

SECOND = 1_000_000_000
NOON = 1_767_268_800
"""2026-01-01T12:00:00Z."""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[LabPlace]:
    """The folders of a lab, on a machine five hours west of Greenwich."""
    with monkeypatch.context() as context:
        context.setenv("TZ", "Etc/GMT+5")
        time.tzset()
        found = LabPlace.named("gatelab")
        found.pod_logs.mkdir(parents=True)
        yield found
    time.tzset()


def pod_log(place: LabPlace, pod: str, *, container: str = "c", run: int = 0) -> Path:
    folder = place.pod_logs / f"shop_{pod}_uid-{pod}" / container
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{run}.log"


def write(path: Path, *lines: tuple[float, str]) -> None:
    with path.open("ab") as file:
        for at_s, text in lines:
            file.write(encode(int((NOON + at_s) * SECOND), b"stdout", text.encode(), is_partial=False))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["logs", *arguments], catch_exceptions=False)


def test_lines_of_everything_are_in_the_order_of_time(place: LabPlace) -> None:
    place.controlplane_log.write_text(
        "2026-01-01 07:00:01,500 ERROR gatelab.x: a bug\nTraceback\n  line\n"
        "2026-01-01 07:00:03,000 INFO gatelab.x: on\n"
    )
    place.service_proxy_log.write_text("[2026-01-01 07:00:02.250][7][info][main] started\n")
    write(pod_log(place, "till"), (1, "one"), (2, "two"), (4, "four"))
    done = run()
    assert done.exit_code == 0
    assert [line.partition(" | ")[::2] for line in done.stdout.splitlines()] == [
        ("shop/till/c", "one"),
        ("control-plane", "2026-01-01 07:00:01,500 ERROR gatelab.x: a bug"),
        ("control-plane", "Traceback"),
        ("control-plane", "  line"),
        ("shop/till/c", "two"),
        ("node-envoy", "[2026-01-01 07:00:02.250][7][info][main] started"),
        ("control-plane", "2026-01-01 07:00:03,000 INFO gatelab.x: on"),
        ("shop/till/c", "four"),
    ]


def test_json_has_the_time_in_utc(place: LabPlace) -> None:
    place.agent_log.write_text("2026-01-01 07:00:01,500 INFO gatelab.x: on\n")
    assert [json.loads(line) for line in run("-o", "json").stdout.splitlines()] == [
        {
            "time": "2026-01-01T12:00:01.500000000Z",
            "source": "agent",
            "stream": "stderr",
            "text": "2026-01-01 07:00:01,500 INFO gatelab.x: on",
        }
    ]


STRUCTURED = {
    "time": "2026-01-01T12:00:01.500Z",
    "level": "warning",
    "logger": "gatelab.reconcile.worker",
    "message": "shop/till: is gone",
    "controller": "dns",
    "exception": "Traceback\n  at a line",
}


def test_json_lines_are_shown_readably_and_raw(place: LabPlace) -> None:
    place.controlplane_log.write_text(json.dumps(STRUCTURED) + "\n{not json\n")
    assert run("-t").stdout.splitlines() == [
        (
            "control-plane | 2026-01-01T12:00:01.500000000Z WARNING gatelab.reconcile.worker: shop/till: is gone"
            " controller=dns"
        ),
        "control-plane | 2026-01-01T12:00:01.500000000Z Traceback",
        "control-plane | 2026-01-01T12:00:01.500000000Z   at a line",
        "control-plane | 2026-01-01T12:00:01.500000000Z {not json",
    ]
    said = json.loads(run("-o", "json").stdout.splitlines()[0])
    assert said.pop("text") == "shop/till: is gone"
    assert said == {
        **{name: value for name, value in STRUCTURED.items() if name != "message"},
        "time": "2026-01-01T12:00:01.500000000Z",
        "source": "control-plane",
        "stream": "stderr",
    }


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        (["till"], ["shop/till/c", "shop/till/envoy"]),
        (["shop/till"], ["shop/till/c", "shop/till/envoy"]),
        (["shop/till/c"], ["shop/till/c"]),
        (["gateway"], ["shop/till/envoy"]),
        (["agent"], ["agent"]),
        (["agent", "shop/other"], ["agent", "shop/other/c"]),
    ],
)
def test_what_is_named_is_shown(place: LabPlace, what: list[str], shown: list[str]) -> None:
    place.agent_log.write_text("2026-01-01 07:00:00,000 INFO x: y\n")
    write(pod_log(place, "till"), (1, "a"))
    write(pod_log(place, "till", container="envoy"), (2, "a"))
    write(pod_log(place, "other"), (3, "a"))
    assert [line.partition(" | ")[0] for line in run(*what).stdout.splitlines()] == shown


def test_tail_is_of_each_log_and_since_is_of_all(place: LabPlace) -> None:
    now = time.time() - NOON
    write(pod_log(place, "till"), *((now - 100 + at, f"{at}") for at in range(40)))
    write(pod_log(place, "other"), (now - 1, "new"))
    assert len(run().stdout.splitlines()) == 21
    assert run("--tail", "1").stdout == "shop/till/c | 39\nshop/other/c | new\n"
    assert len(run("--tail", "-1").stdout.splitlines()) == 41
    assert run("--since", "10s").stdout == "shop/other/c | new\n"
    assert len(run("--since", "1h").stdout.splitlines()) == 41


def test_a_file_that_was_full_is_read_before_its_successor(place: LabPlace) -> None:
    path = pod_log(place, "till")
    write(path, (1, "old"))
    path.replace(path.with_name("0.log.1"))
    write(path, (2, "new"))
    assert run("--tail", "-1").stdout == "shop/till/c | old\nshop/till/c | new\n"


def test_long_lines_are_put_together_and_broken_ones_left_out(place: LabPlace) -> None:
    path = pod_log(place, "till")
    parts = [
        encode(NOON * SECOND, b"stderr", text, is_partial=partial) for text, partial in ((b"ab", True), (b"cd", False))
    ]
    path.write_bytes(b"".join(parts) + b"cut off by a cra")
    assert run().stdout == "shop/till/c | abcd\n"


def test_a_reader_goes_on_over_a_change_of_files(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    write(path, (1, "one"))
    reader = Reader(Source("s", path, "p", "c"), near_end=True)
    assert [each.text for each in reader.read()] == ["one"]
    write(path, (2, "two"))
    path.replace(tmp_path / "0.log.1")
    write(path, (3, "three"))
    assert [each.text for each in reader.read()] == ["two", "three"]
    reader.close()


def test_a_reader_goes_on_in_a_file_that_was_copied_aside_and_emptied(tmp_path: Path) -> None:
    path = tmp_path / "envoy.log"
    path.write_text("one\ntwo\n")
    reader = Reader(Source("s", path), near_end=True)
    assert [each.text for each in reader.read()] == ["one", "two"]
    os.truncate(path, 0)
    path.write_text("3\n")
    assert [each.text for each in reader.read()] == ["3"]
    reader.close()


def test_only_the_end_of_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    write(path, *((at / 1000, "x" * 100) for at in range(20_000)))
    reader = Reader(Source("s", path, "p", "c"), near_end=True)
    entries = reader.read()
    assert 1000 < len(entries) < 10_000
    assert all(each.text == "x" * 100 for each in entries)
    reader.close()


def test_following_ends_with_the_lab(place: LabPlace) -> None:
    path = pod_log(place, "till")
    write(path, (1, "one"))
    held = lock(place.lock, lab="gatelab")

    def later(seconds: float, work: Callable[[], object]) -> None:
        timer = threading.Timer(seconds, work)
        timer.start()

    later(0.3, lambda: write(pod_log(place, "other"), (2, "of a new pod")))
    later(2.0, lambda: os.close(held))
    assert run("-f").stdout == "shop/till/c | one\nshop/other/c | of a new pod\n"


def test_nothing_of_that_name_is_said(place: LabPlace) -> None:
    write(pod_log(place, "till"), (1, "a"))
    done = run("nobody")
    assert done.exit_code == 3
    said = "there are no logs of nobody in the lab 'gatelab'; known are agent, control-plane, node-envoy, gateway, till"
    assert said in done.stderr
    assert "start it with `gatelab up --name none`" in run("--name", "none").stderr
    ended = run("-f", "nobody")
    assert (ended.exit_code, said in ended.stderr) == (3, True)  # nothing writes any more


@pytest.mark.parametrize("line", ["", "Traceback", "2026-01-01", "2026-99-01 07:00:01,500 x", "2026-01-01 07:00:01 x"])
def test_lines_without_a_time(line: str) -> None:
    assert stamp_of(line) == ""
