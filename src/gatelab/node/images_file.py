"""Changes a users' catalogue of images as a careful hand would: one entry, the rest of the text as it was.

The entry's lines are found by the marks of the YAML parser. What comes out is read again before it is written: it must
hold what was asked for, and every other entry unchanged. Where that cannot be had in place (flow style, anchors), the
whole file is written anew, and its comments are lost.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gatelab.node.credentials import write_secret
from gatelab.node.errors import LabError
from gatelab.node.images import normalised, read_images

_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_NAME}(?:/{_NAME})*(?::(?:\w[\w.-]{{0,127}}|\*))?(?:@[a-z0-9]+:[0-9a-f]{{32,}})?"
)
"""A reference as Docker's distribution defines it, and `:*` for every tag."""

Entry = Mapping[str, Any]


def check_image_name(image: str) -> None:
    """Raises LabError when no manifest could ask for this."""
    if not _IMAGE.fullmatch(image):
        raise LabError(
            f"{image!r} is not the name of an image, such as registry.example.com/shop/till:1.2 or shop/till:*"
        )


def add_image(file: Path, image: str, entry: Entry, *, replace: bool) -> None:
    """Writes an entry. Raises LabError: no image name, broken file, there already and not to be replaced."""
    check_image_name(image)
    present = _entries(file)
    same = [name for name in present if normalised(name) == normalised(image)]
    if same and not replace:
        raise LabError(f'{file} has an entry for image "{same[0]}" already: give --replace to write over it')
    wanted = {name: each for name, each in present.items() if name not in same} | {image: entry}
    text = _text(file)
    for name in same:
        text = _without(text, name)
    _write(file, _with(text, image, entry), wanted)


def remove_image(file: Path, image: str) -> None:
    """Takes an entry away. Raises LabError when there is none, or the file is broken."""
    present = _entries(file)
    same = [name for name in present if normalised(name) == normalised(image)]
    if not same:
        raise LabError(f'{file} has no entry for image "{image}": `gatelab images` lists what is there')
    text = _text(file)
    for name in same:
        text = _without(text, name)
    _write(file, text, {name: each for name, each in present.items() if name not in same})


def _entries(file: Path) -> dict[str, Entry]:
    """The entries as they are written. Raises LabError when the file cannot be used."""
    if not file.exists():
        return {}
    read_images(file)
    content = yaml.safe_load(file.read_text()) or {}
    return dict(content.get("images") or {})


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _with(text: str, image: str, entry: Entry) -> str:
    """The text with the entry as the first one below `images:`."""
    lines = text.splitlines(keepends=True)
    images = _images_node(text)
    if images is None and _images_key(text):
        return ""  # nothing that can be kept: the file is written anew
    if images is None:
        start = [] if not lines or lines[-1].endswith("\n") else ["\n"]
        return "".join([*lines, *start, "images:\n", *_entry_lines(image, entry, 2)])
    at, indent = images.start_mark.line, images.start_mark.column
    return "".join([*lines[:at], *_entry_lines(image, entry, indent), *lines[at:]])


def _without(text: str, image: str) -> str:
    """The text without the entry's lines, and without `images:` when none is left."""
    images = _images_node(text)
    for key, value in images.value if images is not None else ():
        if key.value == image:
            lines = text.splitlines(keepends=True)
            first, last = key.start_mark.line, _last_line(value)
            if len(images.value) == 1:
                lines[first : last + 1] = []
                return "".join(line for line in lines if line.split("#")[0].strip() != "images:")
            return "".join([*lines[:first], *lines[last + 1 :]])
    return text


def _images_node(text: str) -> Any:
    """The mapping below `images:` where it is in block style; else None."""
    root = yaml.compose(text)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "images" and isinstance(value, yaml.MappingNode) and not value.flow_style:
            return value if value.start_mark.line > key.start_mark.line else None
    return None


def _images_key(text: str) -> bool:
    root = yaml.compose(text)
    return isinstance(root, yaml.MappingNode) and any(key.value == "images" for key, _ in root.value)


def _last_line(node: Any) -> int:
    """The last line with something of the node in it. (The end of a block mapping is where the next token is.)"""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    line: int = node.end_mark.line
    return (
        line - 1
        if isinstance(node, yaml.ScalarNode) and node.end_mark.column == 0 and line > node.start_mark.line
        else line
    )


def _entry_lines(image: str, entry: Entry, indent: int) -> list[str]:
    """JSON is YAML, so every text is quoted as it must be."""
    margin = " " * indent
    fields = [f"{margin}  {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in entry.items()]
    return [f"{margin}{json.dumps(image)}:\n", *fields]


def _write(file: Path, text: str, wanted: Mapping[str, Entry]) -> None:
    """Raises LabError when the file cannot be written."""
    if not _says(text, wanted):
        content = yaml.safe_dump({"images": {name: dict(each) for name, each in wanted.items()}}, sort_keys=False)
        text = content if wanted else ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        target = file.resolve()  # a symbolic link stays one
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        write_secret(target, text.encode())
        target.chmod(mode)
    except OSError as error:
        raise LabError(f"{file} cannot be written: {error.strerror}") from None


def _says(text: str, wanted: Mapping[str, Entry]) -> bool:
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        return False
    return isinstance(content, dict) and (content.get("images") or {}) == wanted
