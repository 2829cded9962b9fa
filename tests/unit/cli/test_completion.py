"""What the shell offers: labs, logs, images."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from gatelab.cli.main import main
from gatelab.node.place import LabPlace


def offered(*typed: str) -> list[str]:
    completer = ShellComplete(main, {}, "gatelab", "_GATELAB_COMPLETE")
    return [each.value for each in completer.get_completions(list(typed[:-1]), typed[-1])]


@pytest.fixture(autouse=True)
def _labs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("gatelab", "other"):
        (LabPlace.named(name).pod_logs / f"shop_till-{name}_uid" / "c").mkdir(parents=True)
        (LabPlace.named(name).pod_logs / f"shop_till-{name}_uid" / "c" / "0.log").touch()


def test_labs() -> None:
    assert offered("down", "--name", "") == ["gatelab", "other"]
    assert offered("status", "--name", "o") == ["other"]


def test_logs_of_the_lab_that_is_named() -> None:
    assert offered("logs", "till") == ["till-gatelab"]
    assert offered("logs", "--name", "other", "till") == ["till-other"]
    assert offered("logs", "g") == ["gateway"]


def test_images(tmp_path: Path) -> None:
    assert offered("images", "") == ["add", "list", "remove"]
    assert {"--help", "--output"} <= set(offered("images", "--"))
    assert offered("images", "remove", "") == []
    file = tmp_path / "config" / "gatelab" / "images.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("images: {shop/till:1: {command: [sh]}}")
    assert offered("images", "remove", "docker.io/s") == ["docker.io/shop/till:1"]
