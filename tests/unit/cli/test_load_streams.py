"""Streaming methods and server reflection from the command line, against a server of grpcio."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gatelab.cli.load.command import load
from talking_server import TalkingServer


class Talk(TalkingServer):
    """With the report of a load on it."""

    def load(self, method: str, data: str, *options: str) -> dict[str, Any]:
        fixed = ("--proto", str(self.proto), "--insecure", "-c", "1", "-n", "2", "-O", "json")
        arguments = [*fixed, "--call", f"talk.Talk/{method}", "-d", data, *options, self.address]
        done = CliRunner().invoke(load, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        report: dict[str, Any] = json.loads(done.stdout)
        return report


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    talk = Talk(tmp_path)
    yield talk
    talk.stop()


@pytest.mark.parametrize("method", ["Listen", "Chat"])
@pytest.mark.parametrize(
    ("count", "heard"),
    [([], ["a", "b", "c"]), (["--stream-call-count", "2"], ["a", "b"]), (["--stream-call-count", "4"], [*"abca"])],
)
def test_an_array_is_the_messages_of_a_stream(talk: Talk, method: str, count: list[str], heard: list[str]) -> None:
    report = talk.load(method, '[{"text": "a"}, {"text": "b"}, {"text": "c"}]', *count)
    assert (report["statusCodeDistribution"], talk.heard) == ({"OK": 2}, [heard, heard])


def test_templates_are_rendered_for_a_call_or_for_each_message(talk: Talk) -> None:
    data = '{"text": "{{.RequestNumber}} {{randomString 12}}"}'
    talk.load("Listen", data, "--stream-call-count", "3")
    talk.load("Chat", data, "--stream-call-count", "3", "--stream-dynamic-messages", "--stream-interval", "1ms")
    assert [len(set(texts)) for texts in talk.heard] == [1, 1, 3, 3]
    assert [{text[0] for text in texts} for texts in talk.heard] == [{"0"}, {"1"}] * 2


def test_a_servers_stream_may_be_read_to_its_end(talk: Talk) -> None:
    report = talk.load("Tell", '[{"text": "a"}, {"text": "b"}]')
    assert (report["errors"], talk.heard) == (0, [["a"], ["b"]])


@pytest.mark.parametrize("limit", [["--stream-call-count", "3"], ["--stream-call-duration", "50ms"]])
def test_a_servers_stream_without_an_end_is_ended_by_the_client(talk: Talk, limit: list[str]) -> None:
    assert talk.load("Tell", '{"text": "on"}', *limit)["statusCodeDistribution"] == {"OK": 2}


def test_the_schema_is_asked_of_the_server(talk: Talk) -> None:
    arguments = ["--call", "talk.Talk.Say", "--insecure", "-n", "3", "-d", '{"text": "a"}', "-m", '{"x-call": "c"}']
    reflect = ["--reflect-metadata", '{"x-reflect": "r"}']
    done = CliRunner().invoke(load, [*arguments, *reflect, talk.address], catch_exceptions=False)
    assert (done.exit_code, talk.heard) == (0, [["a"]] * 3)
    assert {"x-reflect": "r"}.items() <= talk.reflected_with[0].items()
    assert [("x-call" in each, "x-reflect" in each) for each in talk.metadata] == [(True, False)] * 3
