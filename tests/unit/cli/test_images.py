"""`gatelab images` as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatelab.cli.main import main


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "gatelab" / "images.yaml"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["images", *arguments], catch_exceptions=False)


def test_what_is_built_in_is_listed_without_a_file(file: Path) -> None:
    done = run()
    assert done.exit_code == 0
    assert "docker.io/bittrance/hello-world:tonic-hello-grpc" in done.stdout
    assert "docker.io/envoyproxy/envoy:*" in done.stdout
    assert f"catalogue: {file}" in done.stdout
    assert done.stdout == run("list").stdout


def test_an_image_is_added_listed_and_removed(file: Path, tmp_path: Path) -> None:
    added = run("add", "shop/till:1", "--workdir", str(tmp_path), "--env", "A=b=c", "--", "sh", "-c", "exit 0")
    assert (added.exit_code, added.stderr) == (0, f"shop/till:1 is written to {file}\n")
    (entry,) = [each for each in json.loads(run("-o", "json").stdout)["images"] if each["source"] == str(file)]
    assert entry["image"] == "docker.io/shop/till:1"
    assert (entry["command"], entry["workdir"], entry["problem"]) == (["sh", "-c", "exit 0"], str(tmp_path), "")
    assert run("add", "shop/till:1", "--", "true").exit_code == 3
    assert run("add", "--replace", "shop/till:1", "--", "true").exit_code == 0
    assert run("remove", "shop/till:1").exit_code == 0
    assert "till" not in run().stdout
    assert run("remove", "shop/till:1").exit_code == 3


def test_a_program_that_is_gone_is_shown(file: Path, tmp_path: Path) -> None:
    program = tmp_path / "serve"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert run("add", "shop/till:1", "--workdir", str(tmp_path), "--", "./serve").exit_code == 0
    program.unlink()
    assert f"there is no program {tmp_path / 'serve'}" in run().stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "a/b:1", "--", "no-such-program"), 2, "there is no program 'no-such-program' on the PATH"),
        (("add", "A b", "--", "true"), 3, "'A b' is not the name of an image"),
        (("add", "a/b:1", "--env", "A", "--", "true"), 2, "--env 'A' is not NAME=VALUE"),
        (("add", "a/b:1"), 2, "Missing argument"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(
    file: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*arguments)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert not file.exists()


def test_a_script_beside_it_is_offered(file: Path, tmp_path: Path) -> None:
    (tmp_path / "serve").write_text("")
    assert "is ./serve meant?" in run("add", "a/b:1", "--workdir", str(tmp_path), "--", "serve").stderr


def test_a_broken_file_is_named_with_its_mistake(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("images: {a/b:1: {comand: [x]}}")
    done = run()
    assert done.exit_code == 3
    assert f"{file} is not a catalogue of images" in done.stderr
    assert "comand" in done.stderr
