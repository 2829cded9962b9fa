"""The work of `gatelab images`: what is known, and entries from a command line."""

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from gatelab.node.images import Image, built_in_images, default_images_file, read_images
from gatelab.proxy.binary import EnvoyMissing, envoy_binary


@dataclass(frozen=True, slots=True)
class Listed:
    """An image, and what would be started for it. `problem` is empty where that can be."""

    image: str
    command: tuple[str, ...]
    workdir: str
    source: str
    problem: str


def listed(file: Path) -> list[Listed]:
    """The users' images, and those built in that they do not hide. Raises LabError when the file is broken."""
    users = read_images(file) if file.exists() else {}
    found = [_listed(name, image, str(file)) for name, image in sorted(users.items())]
    for name, make in built_in_images(envoy_binary).items():
        if name not in users:
            try:
                found.append(_listed(name, make(), "built in"))
            except EnvoyMissing as error:
                found.append(Listed(name, (), "/", "built in", str(error)))
    return found


def entry_of(command: Sequence[str], workdir: Path, env: Sequence[str]) -> dict[str, Any]:
    """An entry of the catalogue. Raises click.UsageError when its program is not there."""
    problem = program_problem(command[0], str(workdir))
    if problem:
        raise click.UsageError(problem)
    entry: dict[str, Any] = {"command": list(command), "workdir": str(workdir)}
    variables = dict(_variable(each) for each in env)
    return entry | ({"env": variables} if variables else {})


def program_problem(program: str, workdir: str) -> str:
    """Why a program cannot be started in a folder; "" when it can."""
    if not Path(workdir).is_dir():
        return f"there is no folder {workdir}"
    path = str(Path(workdir) / program) if "/" in program else program
    if shutil.which(path):
        return ""
    if "/" in program:
        return f"{path} is not executable" if Path(path).exists() else f"there is no program {path}"
    here = Path(workdir) / program
    return f"there is no program {program!r} on the PATH" + (f"; is ./{program} meant?" if here.exists() else "")


def text_of(images: Sequence[Listed], file: Path, *, format_: str) -> str:
    """A table, or JSON: `{"file": …, "images": [{image, command, workdir, source, problem}]}`."""
    if format_ == "json":
        return json.dumps({"file": str(file), "images": [asdict(each) for each in images]})
    rows = [(each.image, shlex.join(each.command), _where(each)) for each in images]
    width = max(len(row[0]) for row in rows)
    lines = [f"{image:<{width}}  {program}  ({where})" for image, program, where in rows]
    option = "" if file == default_images_file() else f"--file {file} "
    return "\n".join(
        (*lines, "", f"catalogue: {file}", f"to add one: gatelab images add {option}IMAGE -- PROGRAM ARGUMENT…")
    )


def _where(image: Listed) -> str:
    source = image.source if image.source == "built in" else f"in {image.workdir}"
    return f"{source}; {image.problem}" if image.problem else source


def _listed(name: str, image: Image, source: str) -> Listed:
    problem = program_problem(image.command[0], image.workdir)
    return Listed(name, (*image.command, *image.args), image.workdir, source, problem)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--env {text!r} is not NAME=VALUE")
    return name, value
