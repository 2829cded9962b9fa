"""What is shown again inside of volumes that hide it."""

from pathlib import Path

import pytest

from gatelab.node.keeper.client import Mount
from gatelab.node.pods.volumes import own_files

OWN = ("/opt/venv", "/root/python/3.12")


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ((), ()),
        (("/etc/conf", "/optional", "/root/python/3.12/lib/x"), ()),
        (("/root",), ("/root/python/3.12",)),
        (("/opt", "/root/python"), OWN),
        (("/opt/venv",), ()),
    ],
)
def test_only_what_is_hidden_is_shown_again(
    monkeypatch: pytest.MonkeyPatch, targets: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(own_files, "own_folders", lambda: OWN)
    found = own_files.shown_again([Mount("/var/volume", target, read_only=True) for target in targets])
    assert found == tuple(Mount(folder, folder) for folder in expected)


def test_the_interpreter_and_gatelab_are_among_them() -> None:
    found = [Path(folder) for folder in own_files.own_folders()]
    for needed in (Path(own_files.__file__).resolve(), Path(pytest.__file__).resolve()):
        assert any(needed.is_relative_to(folder) for folder in found)
