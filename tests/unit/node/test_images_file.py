"""A users' catalogue is changed entry by entry, and keeps the hand that wrote it."""

from pathlib import Path

import pytest

from gatelab.node.errors import LabError
from gatelab.node.images import read_images
from gatelab.node.images_file import add_image, check_image_name, remove_image

WRITTEN = """\
# what I run here
images:
  # the shop
  shop/till:*:
    command: [python, -m, till]   # in the shop's venv
    env:
      A: "1"

  # not the shop
  other/one:1.2:
    command:
      - ./run.sh
    args: [--fast]
# the end
"""
ENTRY = {"command": ["python", "server.py"], "workdir": "/srv"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "images.yaml"
    path.parent.mkdir()
    path.write_text(WRITTEN)
    return path


def test_an_entry_is_added_and_every_line_stays(file: Path) -> None:
    before = read_images(file)
    add_image(file, "me/new:1", ENTRY, replace=False)
    after = dict(read_images(file))
    added = after.pop("docker.io/me/new:1")
    assert (added.command, added.workdir) == (("python", "server.py"), "/srv")
    assert after == before
    rest = iter(file.read_text().splitlines())
    assert all(line in rest for line in WRITTEN.splitlines()), "the lines that were there, in their order"


def test_an_entry_is_removed_with_its_lines_only(file: Path) -> None:
    remove_image(file, "shop/till:*")
    assert set(read_images(file)) == {"docker.io/other/one:1.2"}
    text = file.read_text()
    assert "till" not in text
    for comment in ("# what I run here", "# not the shop", "# the end"):
        assert comment in text
    remove_image(file, "docker.io/other/one:1.2")
    assert read_images(file) == {}
    assert "# the end" in file.read_text()


def test_an_entry_is_replaced_when_that_is_asked_for(file: Path) -> None:
    with pytest.raises(LabError, match="--replace"):
        add_image(file, "docker.io/shop/till:*", ENTRY, replace=False)
    assert file.read_text() == WRITTEN
    add_image(file, "docker.io/shop/till:*", ENTRY, replace=True)
    assert read_images(file)["docker.io/shop/till:*"].command == ("python", "server.py")
    assert len(read_images(file)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "images: {a/b:1: {command: [x]}}\n",
        "images:\n",
        "images: {}\n",
        "",
        "# nothing yet",
        'images:\n  "a/b:1": {command: [x], env: {A: "#"}}',
        "images:\n  a/b:1:\n    command:\n    - x\n    - |\n      many\n      lines\n",
        "images:\n  ? a/b:1\n  : command: [x]\n",
        "images:\n  z/y:1: &z {command: [x]}\n  a/b:1: *z\n",
    ],
)
def test_every_style_of_yaml_can_be_changed(file: Path, text: str) -> None:
    file.write_text(text)
    before = dict(read_images(file))
    add_image(file, "me/new:1", ENTRY, replace=False)
    assert dict(read_images(file)).keys() == before.keys() | {"docker.io/me/new:1"}
    if "docker.io/a/b:1" in before:
        remove_image(file, "a/b:1")
        del before["docker.io/a/b:1"]
    remove_image(file, "me/new:1")
    assert dict(read_images(file)) == before


def test_a_file_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "images.yaml"
    add_image(path, "me/new:1", {**ENTRY, "env": {"GREETING": "Grüße: #1"}}, replace=False)
    assert read_images(path)["docker.io/me/new:1"].env == {"GREETING": "Grüße: #1"}


def test_a_link_and_the_mode_stay(file: Path) -> None:
    file.chmod(0o644)
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    add_image(link, "me/new:1", ENTRY, replace=False)
    assert link.is_symlink()
    assert "me/new" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_broken_file_is_not_touched(file: Path) -> None:
    file.write_text("images: [")
    with pytest.raises(LabError, match="is not a catalogue"):
        add_image(file, "me/new:1", ENTRY, replace=False)
    with pytest.raises(LabError, match="is not a catalogue"):
        remove_image(file, "me/new:1")
    assert file.read_text() == "images: ["


def test_removing_what_is_not_there_says_so(file: Path) -> None:
    with pytest.raises(LabError, match='no entry for image "me/new"'):
        remove_image(file, "me/new")


@pytest.mark.parametrize(
    "image", ["a", "a/b", "a/b:1.2", "a/b:*", "localhost:5000/a/b:x", "r.example.com/a__b/c-d", f"a@sha256:{'0' * 64}"]
)
def test_names_that_are_images(image: str) -> None:
    check_image_name(image)


@pytest.mark.parametrize("image", ["", "A/B", "a b", "a:", "a/b:**", "-a", "a//b", "--replace", "a\nb"])
def test_names_that_are_not(image: str) -> None:
    with pytest.raises(LabError, match="is not the name of an image"):
        check_image_name(image)
