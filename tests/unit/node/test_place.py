"""Where a lab keeps its files."""

from pathlib import Path

import pytest

from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace


def test_labs_of_one_name_and_different_state_share_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One socket for two control planes would mix two labs."""
    places = []
    for home in ("a", "b"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / home))
        places.append(LabPlace.named("lab"))
    one, other = places
    assert one.run != other.run
    assert one.state != other.state
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a"))
    assert LabPlace.named("lab") == one


def test_every_socket_path_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 60)))
    place = LabPlace.named("a" * 32)
    assert len(str(place.run / ("envoy-" + 36 * "0"))) <= 107


@pytest.mark.parametrize("name", ["", "A", "-a", "a/b", "..", "a" * 33])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a lab"):
        LabPlace.named(name)
