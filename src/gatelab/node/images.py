"""The image catalogue: which program stands for a container image. Nothing is pulled.

Some images are built in; users add theirs in a YAML file, below `images`, as
`image: {command: […], args: […], env: {…}, workdir: path}`, where the image is exact (`me/server:1.2`) or a whole
repository (`me/server:*`). `command` and `args` are what ENTRYPOINT and CMD are to an image. A relative `workdir`
starts at the file's folder, which is also the default.
"""

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from gatelab.node.errors import LabError

HELLO = "docker.io/bittrance/hello-world:tonic-hello-grpc"
ECHO = "docker.io/gatelab/echo:*"
COREDNS = "registry.k8s.io/coredns/coredns:*"
ENVOY = "docker.io/envoyproxy/envoy:*"
_ECHO_BASIC = ("registry.k8s.io/gateway-api/echo-basic:*", "registry.k8s.io/gateway-api/conformance/echo-basic:*")


@dataclass(frozen=True, slots=True)
class Image:
    """A program that stands for an image."""

    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    built_in: bool = False


class UnknownImage(Exception):
    """No program is known for an image. The message has the command that adds one."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    command: tuple[str, ...] = msgspec.field(default=())
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    workdir: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    images: dict[str, _Entry] | None = None


def built_in_images(envoy: Callable[[], Path]) -> Mapping[str, Callable[[], Image]]:
    """What is known without a file, by normalised name. `envoy` finds the binary, which takes a while."""
    backends = {HELLO: "hello", ECHO: "echo", COREDNS: "coredns", **dict.fromkeys(_ECHO_BASIC, "echo")}
    return {
        **{name: partial(_backend, module) for name, module in backends.items()},
        ENVOY: lambda: Image((str(envoy()),), built_in=True),
    }


def _backend(name: str) -> Image:
    return Image((sys.executable, "-m", f"gatelab.backends.{name}"), built_in=True)


def default_images_file() -> Path:
    """`$XDG_CONFIG_HOME/gatelab/images.yaml`."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else Path.home() / ".config") / "gatelab" / "images.yaml"


class Catalogue:
    """The images that this node can run. The users' file is read again when it changes."""

    def __init__(self, file: Path, *, envoy: Callable[[], Path]) -> None:
        self._file = file
        self._envoy = envoy
        self._users: Mapping[str, Image] = {}
        self._read_at: tuple[int, int] | None = None

    def find(self, image: str) -> Image:
        """The program for an image; the users' file comes first, an exact name before a repository.

        Raises UnknownImage, LabError when the file cannot be read.
        """
        self._refresh()
        name = normalised(image)
        repository = _repository(name) + ":*"
        for wanted in (name, repository):
            if wanted in self._users:
                return self._users[wanted]
        built_in = built_in_images(self._envoy)
        for wanted in (name, repository):
            if wanted in built_in:
                return built_in[wanted]()
        file = "" if self._file == default_images_file() else f"--file {shlex.quote(str(self._file))} "
        raise UnknownImage(
            f'no program is known for image "{image}": say which, as with '
            f"`gatelab images add {file}{image} -- PROGRAM ARGUMENT…` ({self._file} is read again when it changes)"
        )

    def _refresh(self) -> None:
        try:
            found = self._file.stat()
        except OSError:
            self._users, self._read_at = {}, None
            return
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp != self._read_at:
            self._users, self._read_at = read_images(self._file), stamp


def read_images(file: Path) -> Mapping[str, Image]:
    """The images of a users' file, by normalised name. Raises LabError naming the file and what is wrong in it."""
    import yaml  # only labs with a file of their own pay for it

    try:
        entries = msgspec.convert(yaml.safe_load(file.read_text()) or {}, _File).images or {}
    except OSError as error:
        raise LabError(f"{file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise LabError(
            f"{file} is not a catalogue of images ({error}): each entry has the form "
            'images: {"image:tag": {command: [program, argument], env: {NAME: value}, workdir: folder}}'
        ) from None
    return {normalised(name): _image(file, name, entry) for name, entry in entries.items()}


def _image(file: Path, name: str, entry: _Entry) -> Image:
    if not entry.command:
        raise LabError(f'{file}: image "{name}" needs a command, such as command: [python, server.py]')
    return Image(entry.command, entry.args, entry.env, str(file.resolve().parent / entry.workdir))


def normalised(image: str) -> str:
    """The full name: registry docker.io, its `library/`, and the tag `latest` are what is left unsaid."""
    first, slash, _ = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        image = f"docker.io/{image}"
    registry, _, path = image.partition("/")
    if registry in ("docker.io", "index.docker.io"):
        image = f"docker.io/{path}" if "/" in path else f"docker.io/library/{path}"
    if "@" in image or ":" in image.rpartition("/")[2]:
        return image
    return f"{image}:latest"


def _repository(name: str) -> str:
    name = name.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]
