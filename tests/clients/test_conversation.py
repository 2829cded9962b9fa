"""`gatelab call` with somebody at the other end of its stdin, and an end by a signal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from market_server import PROTOS, market, market_schema

PROGRAM = (sys.executable, "-m", "gatelab", "call", "-plaintext", "-proto", str(PROTOS / "market.proto"))
HOST = "127.28.6.1"
TIMEOUT_S = 30


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with market(market_schema(), f"{HOST}:0") as port:
        yield f"{HOST}:{port}"


@contextmanager
def calling(*arguments: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "XDG_STATE_HOME": str(home)}
    pipe = subprocess.PIPE
    command = [*PROGRAM, *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_messages_are_sent_as_they_come(address: str, tmp_path: Path) -> None:
    with calling("-d", "@", address, "market.Market/Talk", home=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number, name in enumerate(("a", "b", "c")):
            process.stdin.write(f'{{"name": "{name}"}}')
            process.stdin.flush()
            answer = "".join(process.stdout.readline() for _ in range(3 + (number > 0)))
            assert f'"text": "{name}"' in answer
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0


def test_a_file_is_read_too(address: str, tmp_path: Path) -> None:
    file = tmp_path / "orders"
    file.write_text('{"name": "a"}\n{"name": "b"}')
    with file.open() as stdin:
        command = [*PROGRAM, "-d", "@", address, "market.Market/Collect"]
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ('{\n  "text": "a b"\n}\n', "", 0)


def test_what_is_wrong_in_the_middle_ends_the_call(address: str, tmp_path: Path) -> None:
    with calling("-d", "@", address, "market.Market/Talk", home=tmp_path) as process:
        out, err = process.communicate('{"name": "a"}{"name": 1}', timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert err.startswith('Error invoking method "market.Market/Talk": error getting request data: ')
    assert "name" in err
    assert out in ("", '{\n  "text": "a"\n}\n')


def test_ctrl_c_ends_a_conversation(address: str, tmp_path: Path) -> None:
    with calling("-d", "@", address, "market.Market/Talk", home=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write('{"name": "a"}')
        process.stdin.flush()
        assert "{" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT_S)  # with its stdin open: the end of that is another way to end the conversation
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (130, "")
