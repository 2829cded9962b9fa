"""Which lab is meant where none is named."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatelab.cli.labs import chosen_lab
from gatelab.cli.main import main
from gatelab.node.place import LabPlace


@pytest.fixture(autouse=True)
def _of_a_lab(_no_cluster: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$KUBECONFIG is that of a lab with a name of its own, which does not run."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = LabPlace.named("other")
    place.make()
    monkeypatch.setenv("KUBECONFIG", str(place.kubeconfig))


def test_a_name_in_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATELAB_NAME", "third")
    assert chosen_lab() == "third"


def test_of_several_kubeconfigs_the_first_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lab = os.environ["KUBECONFIG"]
    monkeypatch.setenv("KUBECONFIG", f"{lab}:{tmp_path / 'config'}")
    assert chosen_lab() == "other"
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'config'}:{lab}")
    assert chosen_lab() == "gatelab"


def test_the_kubeconfig_of_no_lab_chooses_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for file in ("", str(tmp_path / "none"), str(tmp_path)):
        monkeypatch.setenv("KUBECONFIG", file)
        assert chosen_lab() == "gatelab"


@pytest.mark.parametrize(
    "command", [["status"], ["ca"], ["dns"], ["exec", "--", "true"], ["logs"], ["debug", "--dry-run"], ["kubectl"]]
)
def test_commands_that_use_a_lab_take_that_of_the_kubeconfig(command: list[str]) -> None:
    done = CliRunner().invoke(main, command)
    assert "'other'" in done.output, done.output


@pytest.mark.parametrize("command", [["status", "--name", "third"], ["down"], ["kubeconfig"]])
def test_a_name_wins_and_what_goes_by_name_only_does(command: list[str]) -> None:
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 3
    assert ("'third'" if "third" in command else "'gatelab'") in done.stderr
